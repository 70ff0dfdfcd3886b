# file: aggregator/store/query.c
# unit: store/test_roll
s/case QUERY_CHUNKS:/case QUERY_CHUNKS: if (q->tier != TIER_SECONDS) return 0;/
