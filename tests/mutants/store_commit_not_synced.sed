# file: aggregator/store/database.c
s/durable \? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"/"PRAGMA synchronous = NORMAL"/; s/"PRAGMA synchronous = FULL;/"PRAGMA synchronous = NORMAL;/
