# file: aggregator/store/staging.c
# unit: store/test_store
s/if \(last <= st->staged_sequence\) \{/if (false) {/
s/if \(sequence <= st->staged_sequence\)/if (false)/
