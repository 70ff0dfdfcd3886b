# file: aggregator/forward/cut_find.c
# unit: forward/test_outlet
s/int64_t end_ms = cut_floor\(newest, span_ms\);/int64_t end_ms = cut_ceil(newest, span_ms);/
