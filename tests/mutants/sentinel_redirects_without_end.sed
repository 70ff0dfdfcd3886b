# file: aggregator/sentinel/probe.c
# unit: sentinel/test_sentinel
# says: a_change_is_looked_at_twice_more_at_once
s/b->redirects == CHECK_REDIRECTS_MAX/b->redirects == 1000/
