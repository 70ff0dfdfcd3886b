# file: aggregator/store/staging.c
s/facts->gap_count \+= sequence - st->staged_sequence - 1;/facts->gap_count += sequence - st->staged_sequence > 1;/
