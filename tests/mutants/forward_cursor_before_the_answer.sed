# file: aggregator/forward/channel.c
# unit: forward/test_forward
s/    c->looked = newest;/    c->looked = newest;\n    o->cursor = c->digest.cursor;/
