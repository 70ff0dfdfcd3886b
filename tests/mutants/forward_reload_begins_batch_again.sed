# file: aggregator/forward/sender.c
# unit: forward/test_outlet
# says: a_reload_goes_on_within_a_batch
s/if \(d->exporter != NULL && sends_alike\(&d->to, &d->next\)\)/if (false)/
