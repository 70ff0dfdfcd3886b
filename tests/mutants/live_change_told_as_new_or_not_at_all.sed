# file: aggregator/api/live.c
# unit: api/test_live
# says: changes_are_told_again
s/sub->revision = sub->seen = ask->revision;/sub->seen = ask->revision;/
