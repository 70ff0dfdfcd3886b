# file: aggregator/sentinel/tell_server.c
# unit: sentinel/test_sentinel
# says: who_was_deleted_by_a_person_stays_so
s/in\.deleted_ms != 0 && !text_equal\(in\.told_status, GONE\)/false/
