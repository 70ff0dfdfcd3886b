# file: agent/ring.c
s/last_sequence\(&oldest\) > sequence\)/last_sequence(\&oldest) > sequence + 10)/
