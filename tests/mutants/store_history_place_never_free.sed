# file: aggregator/store/epoch.c
# unit: store/test_history
/^void epoch_committed/,/^}/s/h->stream.staged_blocks == 0/h->stream.staged_blocks > 0/
