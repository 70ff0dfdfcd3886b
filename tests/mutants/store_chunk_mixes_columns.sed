# file: aggregator/store/chunk.c
/^static uint32_t put_directory/,/^}/s/previous = b->series\[column\];/previous = b->series[order[0]];/
