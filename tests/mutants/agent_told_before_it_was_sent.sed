# file: agent/spool_tail.c
# unit: agent/test_spool_doubt
# says: what_is_told_early_is_not_about_what_comes
s/spool_epoch_begins\(s, epoch\);//
