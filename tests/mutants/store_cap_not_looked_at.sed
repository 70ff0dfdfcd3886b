# file: aggregator/store/retention.c
# unit: store/test_roll
s/s->retention_due = .*/s->retention_due = false;/
