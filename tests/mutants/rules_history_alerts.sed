# file: aggregator/analysis/watch.c
# unit: analysis/test_watch
# says: the_past_moves_the_state_and_says_nothing
s/age_ms <= FRESH_MS, wall_ms\(wall\)\)/age_ms <= INT64_MAX, wall_ms(wall))/
