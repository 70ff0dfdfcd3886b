# file: aggregator/store/tables.c
s/if \(count >= uses_max\)/if (count > uses_max)/
