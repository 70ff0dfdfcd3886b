# file: aggregator/store/alerts.c
# unit: analysis/test_analysis
# says: a_breach_raises_once_and_settles_below
s/\*was_open = slot != NULL && is_open\(&slot->alert\);/*was_open = false;/
s/slot = find_recent\(s, r\);/slot = NULL;/
