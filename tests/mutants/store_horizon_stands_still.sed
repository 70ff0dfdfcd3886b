# file: aggregator/store/retention.c
# unit: store/test_roll
s/next\[t\]\.horizon_ms = o\.horizon_ms;/;/
