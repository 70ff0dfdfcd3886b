# file: aggregator/analysis/words/moved.c
# unit: words/test_moved
# says: noise_and_trifles_are_no_movement
s/size_of(m.deviations) >= DEVIATIONS_LEAST/size_of(m.deviations) >= 0.1/
s/SHARE_LEAST 0.2 /SHARE_LEAST 0.0 /
