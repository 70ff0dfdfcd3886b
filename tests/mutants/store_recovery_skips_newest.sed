# file: aggregator/store/recovery.c
s/st->live.committed_sequence = st->live.staged_sequence = h->sequence \+ h->count - 1;/st->live.committed_sequence = st->live.staged_sequence = h->sequence - 1;/
