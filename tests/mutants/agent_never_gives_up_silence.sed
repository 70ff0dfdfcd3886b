# file: agent/uplink.c
# runs: --seeds 150 --hours 2
s/is_waiting_for_ack\(u\) \? mono_after_ms\(u->progress_at, ANSWER_MS_MAX\) : MONO_NEVER/MONO_NEVER/
