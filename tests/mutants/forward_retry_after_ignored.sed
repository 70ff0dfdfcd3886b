# file: aggregator/forward/channel.c
# unit: forward/test_forward
s/failed\(c, p, v, asked_delay_ms\(a, now_ms\), now\);/failed(c, p, v, -1, now);/
