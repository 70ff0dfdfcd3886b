# file: aggregator/query/promql_binary.c
# unit: query/test_promql
s/return !promql_is_comparison\(n->what\) [|][|] n->is_bool;/return false;/
