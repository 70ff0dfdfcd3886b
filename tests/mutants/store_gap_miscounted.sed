# file: aggregator/store/staging.c
# runs: --seeds 120 --hours 1
s/facts->gap_count \+= sequence - m->staged_sequence - 1;/facts->gap_count += sequence - m->staged_sequence > 1;/
