# file: aggregator/query/fold.c
# unit: api/test_across
s|f->plan.quantile \* \(n - 1\)|f->plan.quantile * n|
