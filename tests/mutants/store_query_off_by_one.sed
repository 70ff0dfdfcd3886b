# file: aggregator/store/query_fold.c
s/t < start_ms \+ 2 \* step_ms\)/t <= start_ms + 2 * step_ms)/
