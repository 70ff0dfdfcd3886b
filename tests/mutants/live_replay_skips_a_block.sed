# file: aggregator/api/live_catch_up.c
# unit: api/test_live
# says: a_moment_of_slowness_loses_nothing
s#uint64_t cursor = sub->position / LIVE_PARTS, missed = 0;#uint64_t cursor = sub->position / LIVE_PARTS + 1, missed = 0;#
