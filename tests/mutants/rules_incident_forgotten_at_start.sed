# file: aggregator/analysis/watch_bind.c
# unit: analysis/test_watch
# says: an_incident_that_goes_on_is_not_told_anew_after_a_restart
s/    if \(a == NULL\)/    if (a == NULL || true)/
