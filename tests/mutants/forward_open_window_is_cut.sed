# file: aggregator/forward/cut.c
# unit: forward/test_outlet
s/int64_t end_ms = floor_to\(newest, span_ms\);/int64_t end_ms = ceil_to(newest, span_ms);/
