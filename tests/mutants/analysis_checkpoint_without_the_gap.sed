# What came between the checkpoint and the end of the process is not learnt.
# file: aggregator/analysis/detect_learn.c
# unit: analysis/test_detect
# says: a_checkpoint_survives_a_kill
s/l->end_s = now_ms .*/l->end_s = l->from_s;/
