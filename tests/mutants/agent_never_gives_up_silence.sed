# file: agent/uplink.c
# runs: --seeds 150 --hours 2
s/uplink_is_waiting\(u\) \? mono_after_ms\(u->progress_at, ANSWER_MS_MAX\) : MONO_NEVER/MONO_NEVER/
