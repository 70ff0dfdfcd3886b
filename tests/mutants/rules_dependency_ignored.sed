# file: aggregator/analysis/watch_tell.c
# unit: analysis/test_watch
# says: a_silent_host_is_told_within_three_shipments_and_alone
s/\(h->is_silent && !is_of_facts\)/(h->is_silent \&\& is_of_facts \&\& false)/
