# file: aggregator/analysis/words/alert_actions.c
# unit: words/test_alert_words
# says: every_alert_reads_as_it_was_found_good
s|!is_harmless\(part\)|part == NULL|
