# file: aggregator/query/promql_binary.c
# unit: query/test_promql
s|\(\*seen\)\+\+ > 0|false|
