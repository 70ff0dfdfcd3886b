# file: aggregator/sentinel/watcher_answer.c
# unit: sentinel/test_sentinel
# says: a_wrong_key_waits_for_a_person
s/retry_delay_ms\(verdict, w->failures, after_ms, some_number\(w\)\)/PACE_OF_MUTANT/
s/PACE_OF_MUTANT/(INT64_C(500) + (verdict == VERDICT_DONE) + after_ms * 0 + (int64_t)(some_number(w) % 2))/
