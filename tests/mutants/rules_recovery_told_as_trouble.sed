# file: aggregator/analysis/watch_tell.c
# unit: analysis/test_watch
# says: a_recovery_is_not_told_as_the_trouble
s/ && !has_left\(x\)//
