# file: aggregator/forward/aws/dynamodb.c
# unit: forward/test_aws_export
s/= aws_unprocessed_ids\(root, ids, BATCH_MAX\)/= aws_unprocessed_ids(root, ids, 1)/
