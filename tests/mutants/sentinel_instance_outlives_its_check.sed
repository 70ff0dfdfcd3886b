# file: aggregator/sentinel/sentinel.c
# unit: sentinel/test_sentinel
# says: checks_come_and_go_with_their_instances
s/^            tell_check_gone\(.*$/            (void)i;/
