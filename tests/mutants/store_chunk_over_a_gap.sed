# file: aggregator/store/seal.c
# unit: store/test_store
s/entry->sequence != seal->last_sequence \+ 1/false/
