/* SPDX-License-Identifier: MIT */
/* See remote_write.h. Both versions say the same: series with labels and samples. In 2.0 the texts of
 * labels stand once in front, as symbols, and a series tells its type and unit. */
#include "aggregator/push/remote_write.h"

#include <string.h>

#include "aggregator/push/work.h"

/* Field numbers of prometheus.WriteRequest and io.prometheus.write.v2.Request. */
enum { REQUEST_1_SERIES = 1, REQUEST_2_SYMBOL = 4, REQUEST_2_SERIES = 5 };
enum { SERIES_LABELS = 1, SERIES_SAMPLES = 2 };
enum { SERIES_1_EXEMPLARS = 3, SERIES_1_HISTOGRAMS = 4 };
enum { SERIES_2_HISTOGRAMS = 3, SERIES_2_EXEMPLARS = 4, SERIES_2_METADATA = 5 };
enum { LABEL_NAME = 1, LABEL_VALUE = 2, SAMPLE_VALUE = 1, SAMPLE_TIME = 2 };
enum { METADATA_TYPE = 1, METADATA_UNIT = 4, TYPE_COUNTER = 1, TYPE_HISTOGRAM = 3, TYPE_SUMMARY = 5 };

struct series {
    struct pairs labels;
    uint32_t type;              /* 0: not told */
    struct bytes unit;
    char metric[STORE_METRIC_SIZE], tag[TAG_SIZE], unit_text[UNIT_SIZE];
    int instance;               /* of push_instance() */
};

static void refuse(struct remote_write *w, const struct series *s, uint32_t samples, const char *words)
{
    struct text t;
    w->refused += samples;
    if (w->why[0] != '\0')
        return;
    text_init(&t, w->why, sizeof w->why);
    if (s != NULL && s->metric[0] != '\0')
        text_printf(&t, "series %s{%s}: ", s->metric, s->tag);
    text_put(&t, words);
}

/* --- what a series is --- */

static bool read_label(struct pairs *labels, struct bytes message)
{
    struct fields f = fields_of(message);
    struct bytes name = {message.at, 0}, value = {message.at, 0};
    while (fields_next(&f)) {
        if (fields_is(&f, LABEL_NAME, FIELD_BYTES))
            name = f.bytes;
        else if (fields_is(&f, LABEL_VALUE, FIELD_BYTES))
            value = f.bytes;
    }
    pairs_add(labels, name, value);
    return !f.is_bad;
}

/* Packed pairs of symbols. False for one that there is not, or half a pair. */
static bool read_references(const struct symbols *symbols, struct pairs *labels, struct bytes packed)
{
    struct bytes pair[2];
    uint32_t n = 0;
    for (uint32_t at = 0; at < packed.size;) {
        uint64_t reference;
        uint32_t used = get_varint(packed.at + at, packed.size - at, &reference);
        if (used == 0 || !symbols_get(symbols, reference, &pair[n]))
            return false;
        at += used;
        if (++n == 2)
            pairs_add(labels, pair[0], pair[1]);
        n %= 2;
    }
    return n == 0;
}

static bool read_metadata(const struct symbols *symbols, struct series *s, struct bytes message)
{
    struct fields f = fields_of(message);
    while (fields_next(&f)) {
        if (fields_is(&f, METADATA_TYPE, FIELD_VARINT))
            s->type = (uint32_t)f.value;
        else if (fields_is(&f, METADATA_UNIT, FIELD_VARINT) && !symbols_get(symbols, f.value, &s->unit))
            return false;
    }
    return !f.is_bad;
}

/* Everything but the samples, which may stand before or behind. */
static bool read_description(struct remote_write *w, struct bytes message, struct series *s)
{
    const struct symbols *symbols = push_work(w->push)->symbols;
    struct fields f = fields_of(message);
    bool is_2 = w->version == REMOTE_WRITE_2, good = true;
    pairs_clear(&s->labels);
    s->type = 0;
    s->unit = (struct bytes){message.at, 0};
    while (good && fields_next(&f)) {
        if (fields_is(&f, SERIES_LABELS, FIELD_BYTES))
            good = is_2 ? read_references(symbols, &s->labels, f.bytes) : read_label(&s->labels, f.bytes);
        else if (is_2 && fields_is(&f, SERIES_2_METADATA, FIELD_BYTES))
            good = read_metadata(symbols, s, f.bytes);
        else if (fields_is(&f, is_2 ? SERIES_2_HISTOGRAMS : SERIES_1_HISTOGRAMS, FIELD_BYTES))
            w->histograms++;
        else if (fields_is(&f, is_2 ? SERIES_2_EXEMPLARS : SERIES_1_EXEMPLARS, FIELD_BYTES))
            w->exemplars++;
    }
    return good && !f.is_bad;
}

static bool ends(const char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);
    return length > tail && strcmp(name + length - tail, end) == 0;
}

static enum metric_kind kind_of(const struct series *s)
{
    bool is_part = ends(s->metric, "_count") || ends(s->metric, "_sum") || ends(s->metric, "_bucket");
    if (s->type == TYPE_HISTOGRAM || s->type == TYPE_SUMMARY)
        return is_part ? METRIC_COUNTER : METRIC_GAUGE;
    if (s->type != 0)
        return s->type == TYPE_COUNTER ? METRIC_COUNTER : METRIC_GAUGE;
    return is_part || ends(s->metric, "_total") ? METRIC_COUNTER : METRIC_GAUGE;
}

/* Base units stand in the names. */
static const char *unit_of(const char *metric)
{
    static const char *const units[] = {"seconds", "bytes", "celsius", "ratio", "percent", "volts", "amperes",
                                        "joules", "meters", "grams", "hertz"};
    for (uint32_t i = 0; i < COUNT_OF(units); i++) {
        const char *found = strstr(metric, units[i]);
        if (found != NULL && found > metric && found[-1] == '_')
            return units[i];
    }
    return "count";
}

/* NULL, or why the series cannot be kept. */
static const char *understand(struct remote_write *w, struct series *s)
{
    struct pairs_instance who;
    struct pair *name = pairs_find(&s->labels, "__name__");
    s->metric[0] = s->tag[0] = '\0';
    if (name == NULL || name->value.size == 0)
        return "there is no label __name__";
    if (!pairs_copy(name->value, s->metric, sizeof s->metric))
        return "a name has at most 95 bytes";
    name->is_taken = true;
    if (!pairs_take_instance(&s->labels, &w->ask, &who))
        return "no label names the instance (?instance=LABEL in the address says which), or it is too"
               " long";
    int err = pairs_tag(&s->labels, s->tag);
    if (err != ERR_OK)
        return err == ERR_FULL ? "it has more than 64 labels"
                               : "a label comes twice or has no name";
    if (s->unit.size == 0 || !pairs_copy(s->unit, s->unit_text, sizeof s->unit_text))
        (void)text_copy(s->unit_text, sizeof s->unit_text, unit_of(s->metric));
    s->instance = push_instance(w->push, &who.facts);
    return s->instance < 0 ? push_why(w->push) : NULL;
}

/* --- samples --- */

static int read_sample(struct remote_write *w, const struct series *s, const char *fault,
                       struct bytes message)
{
    struct fields f = fields_of(message);
    struct push_sample sample = {.metric = s->metric, .tag = s->tag, .unit = s->unit_text};
    sample.kind = kind_of(s);
    while (fields_next(&f)) {
        if (fields_is(&f, SAMPLE_VALUE, FIELD_64))
            sample.value = fields_double(&f);
        else if (fields_is(&f, SAMPLE_TIME, FIELD_VARINT))
            sample.time_ms = (int64_t)f.value;
    }
    if (f.is_bad)
        return ERR_MALFORMED;
    if (fault != NULL) {
        refuse(w, s, 1, fault);
        return ERR_OK;
    }
    if (!push_is_number(sample.value)) {
        w->without_value++;
        push_count_not_finite(w->push, s->metric);
        return ERR_OK;
    }
    int err = push_sample(w->push, s->instance, &sample);
    w->samples += err == ERR_OK;
    if (err == ERR_MALFORMED)
        refuse(w, NULL, 1, push_why(w->push));
    return err == ERR_MALFORMED ? ERR_OK : err;
}

static int read_series(struct remote_write *w, struct bytes message)
{
    struct series s;
    if (!read_description(w, message, &s))
        return ERR_MALFORMED;
    const char *fault = understand(w, &s);
    struct fields f = fields_of(message);
    int err = ERR_OK;
    while (err == ERR_OK && fields_next(&f))
        if (fields_is(&f, SERIES_SAMPLES, FIELD_BYTES))
            err = read_sample(w, &s, fault, f.bytes);
    return err;
}

static int read_symbols(struct remote_write *w, struct bytes request)
{
    struct symbols *symbols = push_work(w->push)->symbols;
    struct fields f = fields_of(request);
    symbols_clear(symbols);
    while (w->version == REMOTE_WRITE_2 && fields_next(&f))
        if (fields_is(&f, REQUEST_2_SYMBOL, FIELD_BYTES) && !symbols_add(symbols, f.bytes))
            return ERR_FULL;
    return f.is_bad ? ERR_MALFORMED : ERR_OK;
}

int remote_write_read(struct remote_write *w, const uint8_t *message, uint32_t size)
{
    struct bytes request = {message, size};
    uint32_t series = w->version == REMOTE_WRITE_2 ? REQUEST_2_SERIES : REQUEST_1_SERIES;
    int err = read_symbols(w, request);
    struct fields f = fields_of(request);
    w->samples = w->without_value = w->refused = w->histograms = w->exemplars = 0;
    w->why[0] = '\0';
    while (err == ERR_OK && fields_next(&f))
        if (fields_is(&f, series, FIELD_BYTES))
            err = read_series(w, f.bytes);
    return err == ERR_OK && f.is_bad ? ERR_MALFORMED : err;
}
