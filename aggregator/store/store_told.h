/* SPDX-License-Identifier: MIT */
/* What clients of the API tell of an instance, beside what agents measure.
 *
 * Small facts (status, time of the last check, where it came from, whether it was deleted) are part of
 * struct instance, live in memory and change through here only; endpoint and metadata stay on disk. An
 * instance that is deleted keeps its place and its samples, is in no list, and is back as soon as somebody
 * speaks for it again; a place without any series goes to the next newcomer. */
#ifndef NEPHOS_STORE_TOLD_H
#define NEPHOS_STORE_TOLD_H

#include "aggregator/store/store.h"

#define TOLD_ENDPOINT_SIZE 256U
#define TOLD_METADATA_SIZE 2048U

struct told {
    char endpoint[TOLD_ENDPOINT_SIZE];
    char metadata[TOLD_METADATA_SIZE]; /* a JSON object, or "" */
};

/* A UUID version 4. */
#define STORE_ID_SIZE 37U
void store_new_id(struct store *s, char to[static STORE_ID_SIZE]);

/* What is known, staged or committed; empty texts when nothing is. 0 or a storage error. */
int store_told_get(struct store *s, uint32_t instance, struct told *out);
/* Stages both texts. ERR_OK, or ERR_AGAIN: come again after the commit. */
int store_told_put(struct store *s, uint32_t instance, const struct told *told);
/* Status (cut to fit) and time of the check, 0 for none, as told. */
void store_told_status(struct store *s, uint32_t instance, const char *status, int64_t check_ms);
/* Who speaks for the instance; also brings it back when it was deleted. */
void store_told_source(struct store *s, uint32_t instance, enum instance_source source);
void store_instance_remove(struct store *s, uint32_t instance);
/* Gives the instance another id, one that nobody has: ERR_OK, ERR_BUSY when somebody has it. */
int store_instance_rename(struct store *s, uint32_t instance, const char *id);
/* A client of the API speaks for it, and no agent. */
bool store_instance_is_told(const struct instance *in);
/* "healthy", "degraded", "unhealthy", "unknown", or what a client told. */
const char *store_instance_status(const struct instance *in, int64_t now_ms);
/* Index of the next instance whose facts changed behind the cursor, which is advanced; ERR_MISSING when there
 * is none. New to the reader when created_revision is behind the cursor as it was. See store_revision(). */
int store_instance_next(struct store *s, uint64_t *cursor);

#endif
