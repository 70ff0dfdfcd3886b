# file: aggregator/rules/evaluate.c
# unit: analysis/test_watch
# says: an_incident_that_goes_on_is_not_told_anew_after_a_restart
s/    e->last_ms = last_ms;\n\}/}/
s/^    e->level = level;$/    e->level = LEVEL_NORMAL;/
