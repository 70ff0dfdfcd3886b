# file: aggregator/store/dense.c
# unit: store/test_dense
# says: hostile_bytes_are_refused_or_bounded
s/return states\[0\] == 0 \&\& states\[1\] == 0 \&\& !r->ended;/return !r->ended;/
