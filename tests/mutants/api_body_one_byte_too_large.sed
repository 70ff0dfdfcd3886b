# file: aggregator/api/connection_request.c
# unit: api/test_bodies
# says: what_is_too_much_or_unclear_is_refused
s/if \(r->content_length > c->body_max\)/if (r->content_length > c->body_max + 1)/
