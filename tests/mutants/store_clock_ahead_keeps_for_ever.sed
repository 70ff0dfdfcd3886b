# file: aggregator/store/retention.c
# unit: store/test_history
s/int64_t age_ms = max_ms < now_ms \? max_ms : now_ms;/int64_t age_ms = max_ms;/
