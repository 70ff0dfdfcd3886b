# file: aggregator/analysis/detect_tell.c
# unit: analysis/test_faults
s/define BELIEVED_S 180/define BELIEVED_S 0/
