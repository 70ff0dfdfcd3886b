# After a restart what was pushed before is taken for new.
# file: aggregator/store/push.c
# unit: store/test_push
# says: takes_what_is_new_once
s/st->push_known_ms = known_ms;/st->push_known_ms = 0;/
