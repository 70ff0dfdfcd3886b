# file: aggregator/ingest/batch.c
s/const struct wire_ack ack = \{.epoch = s->epoch, .sequence = committed\};/const struct wire_ack ack = {.epoch = s->epoch, .sequence = committed + (committed > 50)};/
