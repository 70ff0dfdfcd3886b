# A percentage is forecast to be more than all.
# file: aggregator/analysis/outlook.c
# unit: analysis/test_predict
# says: a_percentage_stays_within_its_bounds
s/is_percent && most <= 100/is_percent \&\& most < 0/
