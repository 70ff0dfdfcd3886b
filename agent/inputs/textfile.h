/* SPDX-License-Identifier: MIT */
/* Files that scripts leave behind: every NAME.prom of a directory, in the Prometheus text format, as for
 * node_exporter. All are read every TEXTFILE_REFRESH_MS; between two looks the values stand.
 *
 * A file that cannot be read, does not parse, or has timestamps counts as broken: none of it is taken, the
 * others are, and it is said once. A file that has gone takes its values along. Of a series that stands
 * there twice the last value is taken. */
#ifndef NEPHOS_INPUTS_TEXTFILE_H
#define NEPHOS_INPUTS_TEXTFILE_H

#include "agent/inputs/prometheus_text.h"
#include "agent/limits.h"
#include "agent/sample.h"
#include "agent/series.h"
#include "platform/platform.h"

struct textfile {
    struct plat *plat;
    struct series *series;
    char *names;             /* TEXTFILE_NAMES_SIZE bytes, lent: of the directory, while it is looked at */
    char *text;              /* TEXTFILE_SIZE_MAX bytes, lent: a file while it is parsed */
    const char *directory;   /* "": off */
    struct mono look_at;     /* when to look again */
    bool is_there;           /* the directory is */
    bool said_refused;
    uint32_t errors;         /* files that were broken at the last look */
    uint64_t refused;        /* samples that found no room, or whose name was taken */
    uint32_t count;
    int64_t values[CUSTOM_SERIES_MAX]; /* thousandths */
    uint16_t slots[CUSTOM_SERIES_MAX];
    uint32_t broken[TEXTFILE_BROKEN_MAX]; /* hashes of their names: they have been said */
};

/* `directory` outlives the textfile; it need not exist yet. */
void textfile_init(struct textfile *t, struct plat *p, struct series *series,
                   uint8_t scratch[static SCRATCH_SIZE], const char *directory);
void textfile_take(struct textfile *t, struct sample *out, struct mono now);

#endif
