# file: aggregator/forward/channel.c
# unit: forward/test_forward
s/    store_outbox_save\(s, o\);/    (void)s;/
