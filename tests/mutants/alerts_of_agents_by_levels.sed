# file: aggregator/rules/evaluate.c
# unit: analysis/test_analysis
# says: agents_are_left_to_their_own_rules
s/\(r->source == RULE_OF_CLIENTS && \(is_agent \|\|/(r->source == RULE_OF_CLIENTS \&\& (/
