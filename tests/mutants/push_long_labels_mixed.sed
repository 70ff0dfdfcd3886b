# file: aggregator/push/pairs.c
# unit: push/test_readers
# says: long_labels_are_told_apart
s/h = hash_text\(hash_text\(h, label->name\), label->value\);/h = hash_text(h, label->name);/
