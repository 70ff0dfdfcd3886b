# file: aggregator/forward/aws/kinesis.c
# unit: forward/test_aws_export
s/i < s->first\[record \+ 1\]/i < s->first[record] + 1U/
