# file: aggregator/store/seal.c
/^static int64_t oldest_needed/,/^}/s/journal.entries\[at\].row < oldest/journal.entries[at].row > oldest/
