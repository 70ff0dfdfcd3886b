# Pushed samples are sealed in the order in which they came.
# file: aggregator/store/push_seal.c
# unit: store/test_push
# says: is_there_once_whatever_happens
s/^    heap_sort\(rows, count, sizeof rows\[0\], is_before\);/    (void)is_before;/
