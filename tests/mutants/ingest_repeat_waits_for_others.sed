# file: aggregator/ingest/enroll.c
# unit: ingest/test_ingest
s/store_commit_awaited\(g->store\)/store_commit_count(g->store) + 1/
