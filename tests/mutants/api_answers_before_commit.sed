# file: aggregator/api/exchange.c
# unit: api/test_bodies
# says: answers_wait_for_the_disk
s/if \(store_commit_count\(w->store\) >= x->commit_awaited\)/if (x->commit_awaited > 0)/
