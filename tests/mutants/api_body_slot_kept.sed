# file: aggregator/api/exchange.c
# unit: api/test_bodies
s/^    body_pool_give\(&x->world->bodies, x->scratch_slot\);//
