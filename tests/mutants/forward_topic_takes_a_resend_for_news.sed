# file: aggregator/forward/shape_sns.c
# unit: forward/test_shape
s/if \(d->notices\[i\].kind == NOTICE_TEST\)/if (true)/
