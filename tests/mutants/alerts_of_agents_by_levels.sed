# file: aggregator/analysis/analysis.c
# unit: analysis/test_analysis
# says: agents_are_left_to_their_own_rules
s/return in->source != INSTANCE_FROM_AGENT && /return /
