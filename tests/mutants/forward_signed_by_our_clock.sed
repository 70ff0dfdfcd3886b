# file: aggregator/forward/aws/call.c
# unit: forward/test_aws_chain
s/now_ms \+ c->offset_ms/now_ms/
