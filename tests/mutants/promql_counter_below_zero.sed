# file: aggregator/query/promql_window.c
# unit: query/test_promql
s|zero_s < start_s \? zero_s : start_s|start_s|
