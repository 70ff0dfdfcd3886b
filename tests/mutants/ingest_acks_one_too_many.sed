# file: aggregator/ingest/batch.c
s/const struct wire_ack ack = \{.epoch = mine->epoch, .sequence = committed\};/const struct wire_ack ack = {.epoch = mine->epoch, .sequence = committed + (committed > 50)};/
