# file: aggregator/forward/aws/session.c
# unit: forward/test_aws_export
s/s->refused_in_row \+= r->count <= 1;/;/
