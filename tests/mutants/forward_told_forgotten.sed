# file: aggregator/store/outbox.c
# unit: forward/test_forward
s/    unpack\(o, bytes, /    if (bytes == NULL) unpack(o, bytes, /
