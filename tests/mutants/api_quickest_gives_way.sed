# file: aggregator/api/api.c
# unit: api/test_slots
# says: the_slowest_gives_way
s/        if \(behind_ms < most_ms\)/        if (behind_ms < 250 || (slowest != NULL \&\& behind_ms > most_ms))/
