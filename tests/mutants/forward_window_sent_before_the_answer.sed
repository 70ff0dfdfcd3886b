# file: aggregator/forward/sender.c
# unit: forward/test_outlet
s/            d->has_points = true;/            cut_arrived(w->store, \&d->cut); d->has_points = true;/
