# file: aggregator/forward/remote_write.c
# unit: forward/test_remote_write_out
s/strcmp(l->at\[at - 1\].name, one.name) > 0/strcmp(l->at[at - 1].name, one.name) > 9999/
