# file: agent/uplink_history.c
# unit: agent/test_uplink_history
s/if \(!uplink_is_in_order\(u\) \|\|/if (true ||/
