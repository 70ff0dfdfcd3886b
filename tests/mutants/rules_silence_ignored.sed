# file: aggregator/analysis/watch_tell.c
# unit: analysis/test_watch
# says: a_silence_keeps_quiet_until_it_ends
s/bool is_hushed = is_silenced\(w, instance, x, now_ms\);/bool is_hushed = false \&\& is_silenced(w, instance, x, now_ms);/
