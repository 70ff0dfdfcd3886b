# file: aggregator/analysis/patterns/finders.c
# unit: patterns/test_finders
# says: seasons_sawtooths_and_steps_are_no_leaks
s/out->agreement >= LEAK_TAU_LEAST && out->per_day > 0 && is_steady\(c, from\)/out->per_day > 0/
