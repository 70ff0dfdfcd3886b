# file: aggregator/store/recovery.c
s/\*sealed = h->sequence \+ h->count - 1 <= newest;/*sealed = false;/
