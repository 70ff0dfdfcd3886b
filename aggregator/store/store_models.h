/* SPDX-License-Identifier: MIT */
/* What analysis has learnt, kept beside the samples it was learnt from: of each instance some numbered pieces
 * of bytes that the store does not understand.
 *
 * They are written outside of the group commit, by themselves: a power cut may take the newest ones away, all
 * of an instance together, and then the ones before are there. So they never know of samples that are not
 * durable, as whoever writes them has seen only what is committed. */
#ifndef NEPHOS_STORE_MODELS_H
#define NEPHOS_STORE_MODELS_H

#include "aggregator/store/store.h"

#define STORE_MODEL_PARTS 256U
#define STORE_MODEL_SIZE_MAX 65536U

/* Between begin and end no other function of the store may be called. ERR_OK or a storage error. */
int store_models_begin(struct store *s);
/* part < STORE_MODEL_PARTS, in place of what it was. On an error the end must say that it is not good. */
int store_model_put(struct store *s, uint32_t instance, uint32_t part, const void *data, uint32_t size);
int store_models_end(struct store *s, bool is_good);
/* Number of bytes, ERR_MISSING, ERR_FULL when there are more than `size`, or a storage error. */
int store_model_get(struct store *s, uint32_t instance, uint32_t part, void *data, uint32_t size);

#endif
