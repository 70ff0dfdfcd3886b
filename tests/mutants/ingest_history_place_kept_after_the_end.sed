# file: aggregator/ingest/history.c
# unit: ingest/test_history
s/        store_history_end\(g->store, s->instance\);//
