# file: aggregator/analysis/watch_clock.c
# unit: analysis/test_watch
# says: nobody_is_silent_while_we_were_away
s/    if \(was_away\(w, now, now_ms\)\)/    if (was_away(w, now, now_ms) \&\& false)/
