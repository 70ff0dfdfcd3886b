# file: aggregator/query/regex.c
# unit: query/test_regex
s|is_negated && i < 4|false|
