# file: aggregator/query/fold.c
# unit: api/test_across
s|f->values\[i\] /= f->counts\[i\];|f->values[i] /= 1;|
