# file: aggregator/store/query.c
# unit: store/test_roll
s/ask->step_ms % HOUR_MS == 0     \?/ask->step_ms % MINUTE_MS == 0   ?/
