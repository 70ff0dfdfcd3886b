# file: aggregator/store/tables.c
# runs: --seeds 40 --hours 1
s/if \(is_known\)/if (is_known \&\& uses_max > 1)/
