# A value that cannot be true goes into the minute.
# file: aggregator/analysis/minutes.c
# unit: analysis/test_detect
# says: bad_input_is_counted
s/m->least = 0;/m->least = INT64_MIN;/
s/\.least = -GAUGE_MOST, \.most = GAUGE_MOST/.least = INT64_MIN, .most = INT64_MAX/
s/m->least = bounds.*/continue;/
