# A page of points ends where the host was away.
# file: aggregator/api/routes/metric_gather.c
# unit: api/test_api
# says: pages_reach_what_was_before_an_outage
s/^        st->stage = GATHER_PROBE;$/        next_instance(st);/
