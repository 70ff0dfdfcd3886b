/* SPDX-License-Identifier: MIT */
/* Documents: a few texts with names, whole or not at all. Rules and silences are kept so. They lie in memory,
 * too: reading costs nothing. */
#ifndef NEPHOS_STORE_DOCUMENTS_H
#define NEPHOS_STORE_DOCUMENTS_H

#include "aggregator/store/store.h"

#define DOCUMENT_NAME_SIZE 16U
#define DOCUMENT_SIZE 49152U
#define DOCUMENTS_MAX 6U

/* The text, staged or committed, valid until it is put again; "" and length 0 when there is none. *revision
 * (or NULL) grows with each put, and is 0 before the first since start. */
const char *store_document(const struct store *s, const char *name, uint32_t *length, uint64_t *revision);
/* Stages it. ERR_FULL when it is longer than DOCUMENT_SIZE - 1 or there are too many names. */
int store_document_put(struct store *s, const char *name, const char *text, uint32_t length);

#endif
