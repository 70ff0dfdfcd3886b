# file: aggregator/sentinel/sentinel.c
# unit: sentinel/test_sentinel
# says: a_change_is_looked_at_twice_more_at_once
s/state->confirmations = CONFIRMATIONS;/state->confirmations = 0;/
