# file: aggregator/forward/aws/chain.c
# unit: forward/test_aws_chain
s/c->has_looked = false; .*$/;/
