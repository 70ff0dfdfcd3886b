# file: aggregator/api/live_catch_up.c
# unit: api/test_live
# says: slow_listeners_get_the_newest
s/if \(lag\(l, sub\) >= sub->lag_before\)/if (lag(l, sub) > 1000000)/
