# file: agent/uplink_history.c
# unit: agent/test_uplink_history
s/if \(doubt != NULL\)/if (doubt != NULL \&\& doubt->epoch == 0)/
