# file: aggregator/analysis/watch_tell.c
# unit: analysis/test_watch
# says: held_trouble_is_one_alert_with_its_peak
s|x->e.last_ms - x->told_ms >= r->repeat_ms|true|
