# file: aggregator/store/commit.c
# unit: store/test_commit
# says: the_next_commit_comes_as_it_is_wanted
s/s->haste = HASTE_NOW;/s->haste = HASTE_NONE;/
