# file: aggregator/store/epoch.c
# unit: store/test_history
s/m->committed_sequence = m->staged_sequence = pending > sealed \? pending : sealed;/m->committed_sequence = m->staged_sequence = sealed;/
