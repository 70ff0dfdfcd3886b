# file: aggregator/store/chunk.c
s/&more, from, to\)/\&more, from, from + 1)/
