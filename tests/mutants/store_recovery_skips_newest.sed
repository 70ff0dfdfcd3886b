# file: aggregator/store/recovery.c
s/st->committed_sequence = h->sequence \+ h->count - 1;/st->committed_sequence = h->sequence - 1;/
