# file: aggregator/api/connection_request.c
# unit: api/test_bodies
# says: what_nobody_wants_is_passed_over
s/        cut\(c, start, taken\);/        cut(c, start, c->rx_size - start);/
