# file: aggregator/rules/rule_print.c
# unit: rules/test_rules
s/l->is_strict \? "" : "="/"="/
