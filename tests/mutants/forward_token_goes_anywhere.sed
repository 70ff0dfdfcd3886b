# file: aggregator/forward/aws/environment.c
# unit: forward/test_aws_chain
s/if \(!is_there \|\| is_container_allowed\(e->container_full\)\)/if (true)/
