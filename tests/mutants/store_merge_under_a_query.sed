# file: aggregator/store/roll.c
# unit: store/test_roll
s/if \(query_is_running\(s, instance\)\)/if (false)/
