# file: aggregator/store/seal.c
# runs: --seeds 150 --hours 1
s/entry->sequence != seal->last_sequence \+ 1/false/
