# file: aggregator/api/connection_websocket.c
# unit: api/test_live_dashboard
# says: a_dashboard_comes_in_parts
s/\(is_data && c->is_told_in_parts\) \|\| //
