# file: aggregator/store/roll.c
# unit: store/test_roll
s/rollup_add\(&row, &r->w->builder\) != ERR_OK/false/
