# file: aggregator/sentinel/address.c
# unit: sentinel/test_checks
# says: redirects_lead_where_browsers_go
s/: "\?"\);/: "tcp:");/
s/return is_web && address_allowed/return address_allowed/
