# file: aggregator/store/seal.c
/^static int add_entries/,/^}/s/last = entry->sequence \+ entry->count - 1;/last = entry->sequence - 1;/
