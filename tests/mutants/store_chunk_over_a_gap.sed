# file: aggregator/store/seal.c
s/entry->sequence != seal->last_sequence \+ 1/false/
