# file: agent/spool.c
# unit: agent/test_spool
s/s->told_epoch = 0;//
