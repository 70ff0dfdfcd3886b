# file: aggregator/ingest/batch.c
s/uint64_t committed = store_committed_sequence\(g->store, s->instance, stream\);/uint64_t committed = mine->staged_sequence;/
s/g->stats.blocks\+\+;/g->stats.blocks++, g->owing_now = true;/
