# file: aggregator/analysis/minutes.h
# unit: analysis/test_minutes
# says: together_is_as_one_by_one
s/is_reset \|= v < before;/is_reset |= v < values[0];/
