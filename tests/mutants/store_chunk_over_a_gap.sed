# file: aggregator/store/seal.c
# unit: store/test_left_out
s/entry->sequence != seal->last_sequence \+ 1/false/
