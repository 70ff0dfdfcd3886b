# file: aggregator/api/routes/explain_processes.c
# unit: api/test_words
# says: who_did_it_is_named_though_the_peak_does_not_know
s/e->at_moment == EXPLAIN_MOMENTS_MAX/e->at_moment == 1/
