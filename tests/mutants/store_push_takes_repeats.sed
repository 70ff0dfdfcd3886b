# What is pushed again after it was sealed is stored again.
# file: aggregator/store/push.c
# unit: store/test_push
# says: takes_what_is_new_once
s/if \(is_late\)/if (false)/
