# file: aggregator/sentinel/watcher_answer.c
# unit: sentinel/test_sentinel
# says: who_is_gone_is_marked_after_two_listings
s/in->told_check_ms < w->round_before_ms/in->told_check_ms < w->round_begun_ms/
