# file: aggregator/query/promql_window.c
# unit: query/test_promql
s|time_of\(&samples\[at\]\) < t_ms|time_of(\&samples[at]) <= t_ms|
