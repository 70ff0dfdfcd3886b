# file: agent/uplink_history.c
# unit: agent/test_uplink_history
s/if \(spool->sample_count > 0 && uplink_is_in_order\(u\)\)/if (spool->sample_count > 0 \&\& spool->oldest.epoch == u->parts.epoch)/
