# file: aggregator/store/staging.c
# unit: store/test_history
s/\(stream != STREAM_HISTORY \|\| (!is_history_held_back)/(stream != STREAM_LIVE || \1/
