# file: agent/uplink_receive.c
s/ring_restart\(u->parts.ring, m.committed_sequence\)/ring_restart(u->parts.ring, u->sent_ever)/
