# file: aggregator/rules/evaluate.c
# unit: analysis/test_watch
# says: held_trouble_is_one_alert_with_its_peak
s/\.hold_ms = hold_ms > r->clear_for_ms \? hold_ms : r->clear_for_ms\}/.hold_ms = 0}/
