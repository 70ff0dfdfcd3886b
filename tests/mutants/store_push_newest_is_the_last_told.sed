# A late sample becomes the newest value.
# file: aggregator/store/push.c
# unit: store/test_push
# says: knows_the_newest
s/if \(b->time_ms\[last\] > newest->ms && b->time_ms\[last\] > series->last_ms\)/if (b->time_ms[last] > newest->ms || series->last_ms > 0)/
