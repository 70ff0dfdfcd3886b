# file: aggregator/store/database.c
# runs: --seeds 30 --hours 1
s/durable \? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"/"PRAGMA synchronous = NORMAL"/; s/"PRAGMA synchronous = FULL;/"PRAGMA synchronous = NORMAL;/
