# file: aggregator/store/staging.c
# unit: store/test_store
s/if \(last <= m->staged_sequence\) \{/if (false) {/
s/if \(sequence <= m->staged_sequence\)/if (false)/
