/* SPDX-License-Identifier: MIT */
/* Samples as text, both ways: what `export` writes, `import` reads back as the same integers. Pure functions
 * of their arguments, for input from anywhere.
 *
 * csv     a head "instance,metric,tag,unit,kind,scale,time_ms,value", then a line for each sample (RFC 4180).
 *         On reading, columns stand in any order; instance, metric, time_ms and value must be there.
 * prom    name{instance="web-1",device="vda"} 12.5 1767225600000, in the text format of Prometheus; lines
 *         "# NEPHOS name kind scale unit" in front of it tell what that format has no place for.
 * jsonl   {"instance":...,"metric":...,"tag":...,"unit":...,"kind":...,"scale":...,"t":[ms,...],"v":[...]} */
#ifndef NEPHOS_ARCHIVE_SAMPLE_TEXT_H
#define NEPHOS_ARCHIVE_SAMPLE_TEXT_H

#include "aggregator/store/store.h"
#include "platform/base/text.h"

enum sample_format { SAMPLE_CSV, SAMPLE_PROM, SAMPLE_JSONL };
#define SAMPLE_LINE_MAX 65536U   /* bytes of a line */
#define SAMPLE_VALUES_MAX 2048U  /* samples of a line */
#define SAMPLE_COLUMNS_MAX 16U
#define SAMPLE_TYPES_MAX 256U

/* The format of that name, or ERR_MISSING. */
int sample_format_of(const char *name);

/* Whose samples they are. */
struct sample_series {
    char instance[INSTANCE_ID_SIZE], metric[STORE_METRIC_SIZE], tag[TAG_SIZE], unit[UNIT_SIZE];
    enum metric_kind kind;
    uint32_t scale;
};

/* --- writing --- */

/* What comes before the first line; and, for prom, before the first sample of a metric. */
void sample_put_head(struct text *out, enum sample_format format);
void sample_put_type(struct text *out, const struct sample_series *s);
/* One sample; csv and prom. */
void sample_put(struct text *out, enum sample_format format, const struct sample_series *s, int64_t time_ms,
                int64_t value);
/* Several in one line; jsonl. At most SAMPLE_VALUES_MAX / 4, so that it has at most SAMPLE_LINE_MAX bytes. */
void sample_put_many(struct text *out, const struct sample_series *s, const int64_t *time_ms,
                     const int64_t *values, uint32_t count);

/* --- reading --- */

struct sample_type { /* told by a line "# NEPHOS" or "# TYPE" */
    char metric[STORE_METRIC_SIZE], unit[UNIT_SIZE];
    enum metric_kind kind;
    uint32_t scale; /* 0: not told */
};

struct sample_lines {
    enum sample_format format;
    uint8_t columns[SAMPLE_COLUMNS_MAX]; /* csv: what stands where */
    uint32_t column_count;               /* 0: the head has not come */
    struct sample_type types[SAMPLE_TYPES_MAX];
    uint32_t type_count;
    /* of the line read last */
    struct sample_series series;
    uint32_t count;
    int64_t time_ms[SAMPLE_VALUES_MAX], values[SAMPLE_VALUES_MAX];
    uint64_t rounded; /* values with more digits than their scale holds, since the beginning */
    uint8_t *pool;    /* work space for jsonl, SAMPLE_POOL_SIZE */
};
#define SAMPLE_POOL_SIZE (SAMPLE_LINE_MAX * 12U)

void sample_line_init(struct sample_lines *r, enum sample_format format, uint8_t *pool);
/* One line without its end: the number of samples in it (0: a head, a comment, an empty line), or
 * ERR_MALFORMED and `why`. */
int sample_line_read(struct sample_lines *r, const char *line, uint32_t length, struct text *why);

/* "12.5" times scale 100 is 1250; what is finer is rounded,
    which *rounded then tells. ERR_MALFORMED for what is
 * no decimal number or does not fit. */
int sample_decimal(const char *at, uint32_t length, uint32_t scale, int64_t *out, bool *rounded);

#endif
