# file: aggregator/query/promql_window.c
# unit: query/test_promql
s|return value \* \(stretched_s / sampled_s\);|return value;|
