# file: aggregator/store/insights.c
# unit: store/test_events
s/to->dismissed_ms = stored->dismissed_ms;/to->dismissed_ms = 0;/
