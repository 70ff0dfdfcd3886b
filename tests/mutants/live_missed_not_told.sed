# file: aggregator/api/live_catch_up.c
# unit: api/test_live
# says: slow_listeners_get_the_newest
s/    sub->missed \+= sub->behind;//
