/* SPDX-License-Identifier: MIT */
/* Prometheus remote write, 1.0 and 2.0: the message after decompression, handed to push_sample(). */
#ifndef NEPHOS_PUSH_REMOTE_WRITE_H
#define NEPHOS_PUSH_REMOTE_WRITE_H

#include "aggregator/push/pairs.h"

enum remote_write_version { REMOTE_WRITE_1, REMOTE_WRITE_2 };

struct remote_write {
    struct push *push;
    enum remote_write_version version;
    struct pairs_ask ask;
    /* told by the reading */
    uint32_t samples;           /* handed over */
    /* NaN (the end of a series, a quantile of nothing), infinite or beyond +-2^63 (a limit that there is
     * not): left out and counted, but no error. Every Go program tells some, and a sender whose every
     * request is refused in part could not be told from one that is broken. */
    uint32_t without_value;
    uint32_t refused;           /* left out; why[] is about the first */
    uint32_t histograms, exemplars; /* native ones and exemplars are passed over */
    char why[256];
};

/* Reads the whole message in the pass that push_begin() has begun. ERR_OK, though single samples may have
 * been refused; ERR_MALFORMED when the message does not parse; ERR_FULL when it has too many samples or
 * symbols. */
int remote_write_read(struct remote_write *w, const uint8_t *message, uint32_t size);

#endif
