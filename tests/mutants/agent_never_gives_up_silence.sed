# file: agent/uplink.c
# unit: agent/test_uplink
# says: a_silent_peer_is_left
s/uplink_is_waiting\(u\) \? mono_after_ms\(u->progress_at, ANSWER_MS_MAX\) : MONO_NEVER/MONO_NEVER/
