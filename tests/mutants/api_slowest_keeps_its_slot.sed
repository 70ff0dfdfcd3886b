# file: aggregator/api/api.c
# unit: api/test_slots
# says: the_slowest_gives_way
s/if \(c == NULL && make_place\(a, places, now\)\)/if (false)/
