# file: aggregator/forward/cut.c
# unit: forward/test_outlet
# says: a_slow_destination_is_shared
s/return (cut->was_series_end \? NEXT_INSTANCE)/return to_ms == asked_ms \&\& \1/
