# file: aggregator/api/exchange.c
# unit: api/test_changes
# says: no_change_is_answered_before_it_is_durable
s/x->commit_awaited = store_commit_awaited\(x->world->store\);/x->commit_awaited = store_commit_count(x->world->store);/
