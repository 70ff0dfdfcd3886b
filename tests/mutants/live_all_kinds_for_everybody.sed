# file: aggregator/api/live_changes.c
# unit: api/test_live
# says: changes_are_told_to_who_wants_them
s/if \(\(sub->types & change->type\) == 0\)/if (sub->types == 0)/
