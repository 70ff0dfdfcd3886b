# file: aggregator/forward/cut.c
# says: law 10
s/place->watermark_ms = part->to_ms;/place->watermark_ms = part->to_ms + 60000;/
