# file: aggregator/query/promql_parse.c
# unit: query/test_promql
s/precedence \+ \(op != OPERATOR_POWER\)/precedence + 1/
