# file: aggregator/store/dense.c
# unit: store/test_dense
# says: walks_come_back
/^static void undo/,/^}/s/rounded_mean\(mean\)/((int64_t)mean >> MEAN_SHIFT)/
