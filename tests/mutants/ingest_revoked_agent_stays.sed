# file: aggregator/ingest/ingest.c
# unit: ingest/test_revoked
s/if \(is_known && s->instance/if (false \&\& s->instance/
