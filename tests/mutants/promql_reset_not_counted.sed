# file: aggregator/query/promql_window.c
# unit: query/test_promql
s|sum \+= last_of\(&s\[i - 1\]\);|sum += 0;|
