# A revoked agent says Hello on a connection that its ticket resumed, and is welcome.
# file: aggregator/ingest/hello.c
# unit: ingest/test_revoked
s/if \(session_is_revoked\(g, m->instance_id\)\) \{/if (false) {/
