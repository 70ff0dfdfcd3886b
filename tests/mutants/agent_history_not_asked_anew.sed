# file: agent/uplink.c
# unit: agent/test_uplink_history
s/uplink_history_reset\(u, now, 0\);/(void)now;/
