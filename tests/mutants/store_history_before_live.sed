# file: aggregator/store/staging.c
# unit: store/test_history
/^static struct staged_block \*stage/,/^}/s/stream == STREAM_HISTORY && is_history_held_back/stream == STREAM_LIVE \&\& s->history_count > 0 \&\& is_history_held_back/
