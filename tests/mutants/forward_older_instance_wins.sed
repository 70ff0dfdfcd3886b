# file: aggregator/forward/aws/dynamodb.c
# unit: forward/test_aws_export
s/attribute_not_exists\(#u\) OR #u<=:u/attribute_exists(id) OR attribute_not_exists(id)/
