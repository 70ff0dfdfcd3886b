# file: aggregator/store/wording.c
# unit: store/test_wording
# says: the_same_facts_are_asked_about_once_an_hour
s/WORDING_FAILED \? WORDING_PAUSE_MS/WORDING_FAILED ? 0/
