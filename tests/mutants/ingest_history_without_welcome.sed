# file: aggregator/ingest/batch.c
# unit: ingest/test_history
s/s->history == HISTORY_OPEN && epoch/s->history != HISTORY_ASKED \&\& epoch/
