# file: aggregator/forward/remote_write.c
# unit: forward/test_remote_write_out
# says: points_become_series
s/(strcmp\(l->at\[at - 1\]\.name, one\.name\)) > 0/\1 > 9999/
