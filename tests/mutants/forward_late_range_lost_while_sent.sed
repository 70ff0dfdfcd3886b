# file: aggregator/store/outlet.c
# unit: forward/test_outlet
s/    for \(uint32_t i = 0; i <= OUTLET_RANGES; i\+\+\) \{/    for (uint32_t i = 0; i < OUTLET_RANGES; i++) {/
