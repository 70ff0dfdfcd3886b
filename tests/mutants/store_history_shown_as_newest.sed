# file: aggregator/store/staging.c
# unit: store/test_history
/^static void count_staged/,/^}/s/^        return;$//
