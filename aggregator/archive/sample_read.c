/* SPDX-License-Identifier: MIT */
/* Reading samples from text; see sample_text.h. */
#include <string.h>
#include <yyjson.h>

#include "aggregator/archive/sample_text.h"
#include "proto/metrics.h"

#define TIME_MS_MAX INT64_C(7258118400000) /* 2200 */
#define SCALE_UNKNOWN 1000U                /* of a metric that nobody has told the scale of */

enum column { INSTANCE, METRIC, TAG, UNIT, KIND, SCALE, TIME_MS, VALUE, COLUMN_COUNT, IGNORED };
static const char *const columns[COLUMN_COUNT] = {"instance", "metric", "tag", "unit", "kind", "scale",
                                                  "time_ms",
                                                  "value"};

void sample_line_init(struct sample_lines *r, enum sample_format format, uint8_t *pool)
{
    *r = (struct sample_lines){.format = format, .pool = pool};
}

static int wrong(struct text *why, const char *what)
{
    text_put(why, what);
    return ERR_MALFORMED;
}

/* --- numbers --- */

static int take_time(const char *at, uint32_t length, int64_t *out, struct text *why)
{
    bool rounded = false;
    if (sample_decimal(at, length, 1, out, &rounded) < 0 || *out < 0 || *out >= TIME_MS_MAX)
        return wrong(why, "the time is not in milliseconds from 1970 to 2200");
    return ERR_OK;
}

/* --- whose it is --- */

static int take_text(char *to, uint32_t size, const char *at, uint32_t length, const char *what,
                     struct text *why)
{
    if (length >= size || memchr(at, '\0', length) != NULL) {
        text_printf(why, "%s has more than %u characters, or a zero among them", what, size - 1);
        return ERR_MALFORMED;
    }
    memcpy(to, at, length);
    to[length] = '\0';
    return ERR_OK;
}

static int take_kind(const char *at, uint32_t length, enum metric_kind *out, struct text *why)
{
    if (length == 7 && memcmp(at, "counter", 7) == 0)
        *out = METRIC_COUNTER;
    else if ((length == 5 && memcmp(at, "gauge", 5) == 0) || length == 0)
        *out = METRIC_GAUGE;
    else
        return wrong(why, "the kind is neither gauge nor counter");
    return ERR_OK;
}

static int take_scale(const char *at, uint32_t length, uint32_t *out, struct text *why)
{
    int64_t n;
    bool rounded = false;
    if (length == 0)
        return ERR_OK;
    if (sample_decimal(at, length, 1, &n, &rounded) < 0 || rounded || n < 1 || n > 1000000000)
        return wrong(why, "the scale is not 1, 10, 100, ... 1000000000");
    for (int64_t p = n; p > 1; p /= 10)
        if (p % 10 != 0)
            return wrong(why, "the scale is not 1, 10, 100, ... 1000000000");
    *out = (uint32_t)n;
    return ERR_OK;
}

/* What a line does not tell of its metric: from a "#" line, from our own table, or a guess. */
static int complete(struct sample_lines *r, bool has_kind, bool has_unit, struct text *why)
{
    struct sample_series *s = &r->series;
    const struct sample_type *told = NULL;
    if (s->instance[0] == '\0' || s->metric[0] == '\0')
        return wrong(why, "instance or metric is missing");
    for (uint32_t i = 0; i < r->type_count; i++)
        if (text_equal(r->types[i].metric, s->metric))
            told = &r->types[i];
    int known = metric_find(s->metric);
    const struct metric_info *info = known >= 0 ? metric_info((enum metric)known) : NULL;
    if (!has_kind)
        s->kind = told != NULL ? told->kind : info != NULL ? info->kind : METRIC_GAUGE;
    if (s->scale == 0)
        s->scale = told != NULL && told->scale != 0 ? told->scale : info != NULL
            ? info->scale : SCALE_UNKNOWN;
    if (!has_unit && (told == NULL || told->scale == 0))
        (void)text_copy(s->unit, sizeof s->unit, info != NULL ? info->unit : "");
    else if (!has_unit)
        (void)text_copy(s->unit, sizeof s->unit, told->unit);
    return ERR_OK;
}

static int take_value(struct sample_lines *r, const char *at, uint32_t length, uint32_t index,
                      struct text *why)
{
    bool rounded = false;
    if (sample_decimal(at, length, r->series.scale, &r->values[index], &rounded) < 0) {
        text_printf(why, "the value is no decimal number, or too large for a scale of %u", r->series.scale);
        return ERR_MALFORMED;
    }
    r->rounded += rounded;
    return ERR_OK;
}

/* --- csv --- */

/* The next field of a line, unquoted in place of `to`; false at the end. */
static bool next_field(const char **at, const char *end, char *to, uint32_t size, uint32_t *length)
{
    if (*at > end)
        return false;
    uint32_t n = 0;
    bool quoted = *at < end && **at == '"';
    const char *p = *at + quoted;
    for (; p < end; p++) {
        if (quoted && *p == '"' && p + 1 < end && p[1] == '"')
            p++;
        else if (quoted && *p == '"') {
            p++;
            break;
        } else if (!quoted && *p == ',')
            break;
        if (n < size)
            to[n++] = *p;
    }
    *length = n;
    *at = p < end && *p != ',' ? end + 2 : p + 1; /* something behind the closing quote: no good end */
    return true;
}

static int read_csv_head(struct sample_lines *r, const char *at, const char *end, struct text *why)
{
    char field[32];
    uint32_t length, seen = 0;
    while (next_field(&at, end, field, sizeof field, &length)) {
        if (r->column_count == SAMPLE_COLUMNS_MAX) {
            r->column_count = 0;
            return wrong(why, "the head names too many columns");
        }
        uint8_t found = IGNORED;
        for (uint8_t i = 0; i < COLUMN_COUNT; i++)
            if (strlen(columns[i]) == length && memcmp(columns[i], field, length) == 0)
                found = i;
        r->columns[r->column_count++] = found;
        seen |= UINT32_C(1) << found;
    }
    uint32_t needed = 1U << INSTANCE | 1U << METRIC | 1U << TIME_MS | 1U << VALUE;
    if ((seen & needed) != needed) {
        r->column_count = 0;
        return wrong(why, "the first line must name the columns, instance, metric, time_ms and value "
                     "among them");
    }
    return 0;
}

static int read_csv(struct sample_lines *r, const char *at, uint32_t line_length, struct text *why)
{
    struct sample_series *s = &r->series;
    char field[256], value[64] = "";
    uint32_t length, value_length = 0, n = 0;
    const char *end = at + line_length;
    bool has_kind = false, has_unit = false, has_value = false, has_time = false;
    if (r->column_count == 0)
        return read_csv_head(r, at, end, why);
    int err = ERR_OK;
    for (; err == ERR_OK && next_field(&at, end, field, sizeof field, &length); n++) {
        switch (n < r->column_count ? r->columns[n] : IGNORED) {
        case INSTANCE: err = take_text(s->instance, sizeof s->instance, field, length, "instance",
                                       why); break;
        case METRIC: err = take_text(s->metric, sizeof s->metric, field, length, "metric", why); break;
        case TAG: err = take_text(s->tag, sizeof s->tag, field, length, "tag", why); break;
        case UNIT:
            err = take_text(s->unit, sizeof s->unit, field, length, "unit", why);
            has_unit = true; /* an empty one, too */
            break;
        case KIND:
            err = take_kind(field, length, &s->kind, why);
            has_kind = length > 0;
            break;
        case SCALE: err = take_scale(field, length, &s->scale, why); break;
        case TIME_MS:
            err = take_time(field, length, &r->time_ms[0], why);
            has_time = true;
            break;
        case VALUE:
            has_value = length > 0 && length < sizeof value;
            value_length = has_value ? length : 0;
            memcpy(value, field, value_length);
            break;
        default: break;
        }
    }
    if (err == ERR_OK && (n != r->column_count || !has_value || !has_time))
        return wrong(why, "it has not the columns that the head names");
    if (err == ERR_OK)
        err = complete(r, has_kind, has_unit, why);
    if (err == ERR_OK)
        err = take_value(r, value, value_length, 0, why);
    return err == ERR_OK ? 1 : err;
}

/* --- prom --- */

static bool take_word(const char **at, const char *end, const char **word, uint32_t *length)
{
    while (*at < end && (**at == ' ' || **at == '\t'))
        ++*at;
    *word = *at;
    while (*at < end && **at != ' ' && **at != '\t')
        ++*at;
    *length = (uint32_t)(*at - *word);
    return *length > 0;
}

static bool is_word(const char *word, uint32_t length, const char *text)
{
    return strlen(text) == length && memcmp(word, text, length) == 0;
}

static struct sample_type *type_of(struct sample_lines *r, const char *name, uint32_t length)
{
    for (uint32_t i = 0; i < r->type_count; i++)
        if (is_word(name, length, r->types[i].metric))
            return &r->types[i];
    if (length >= STORE_METRIC_SIZE || r->type_count == SAMPLE_TYPES_MAX)
        return NULL;
    struct sample_type *t = &r->types[r->type_count++];
    *t = (struct sample_type){.kind = METRIC_GAUGE};
    memcpy(t->metric, name, length);
    return t;
}

/* "# TYPE name kind" or "# NEPHOS name kind scale unit"; any other comment says nothing. */
static int read_comment(struct sample_lines *r, const char *at, const char *end, struct text *why)
{
    const char *word, *name;
    uint32_t length, name_length;
    at++;
    if (!take_word(&at, end, &word, &length))
        return 0;
    bool is_ours = is_word(word, length, "NEPHOS");
    if ((!is_ours && !is_word(word, length, "TYPE")) || !take_word(&at, end, &name, &name_length) ||
        !take_word(&at, end, &word, &length))
        return 0;
    struct sample_type *t = type_of(r, name, name_length);
    if (t == NULL)
        return wrong(why, "too many metrics are told in this way");
    if (!is_ours) {
        t->kind = is_word(word, length, "counter") ? METRIC_COUNTER : METRIC_GAUGE;
        return 0;
    }
    int err = take_kind(word, length, &t->kind, why);
    if (err == ERR_OK && take_word(&at, end, &word, &length))
        err = take_scale(word, length, &t->scale, why);
    if (err == ERR_OK && take_word(&at, end, &word, &length))
        err = take_text(t->unit, sizeof t->unit, word, length, "unit", why);
    return err == ERR_OK ? 0 : err;
}

/* name="value" into the series; *at behind it. */
static int take_label(struct sample_lines *r, const char **at, const char *end, struct text *why)
{
    char value[256], *tag = r->series.tag;
    uint32_t n = 0;
    const char *name = *at;
    while (*at < end && **at != '=' && **at != '"' && **at != '}')
        ++*at;
    uint32_t name_length = (uint32_t)(*at - name);
    if (name_length == 0 || end - *at < 2 || (*at)[0] != '=' || (*at)[1] != '"')
        return wrong(why, "a label is not name=\"value\"");
    for (*at += 2; *at < end && **at != '"' && n < sizeof value; ++*at) {
        char c = **at;
        if (c == '\\' && *at + 1 < end)
            c = *++*at == 'n' ? '\n' : **at;
        value[n++] = c;
    }
    if (*at == end || **at != '"')
        return wrong(why, "a label's value does not end, or is too long");
    ++*at;
    if (is_word(name, name_length, "instance"))
        return take_text(r->series.instance, sizeof r->series.instance, value, n, "instance", why);
    struct text t;
    char whole[TAG_SIZE];
    text_init(&t, whole, sizeof whole);
    text_put(&t, tag);
    if (t.length > 0)
        text_put_char(&t, ',');
    if (!is_word(name, name_length, "tag")) {
        text_put_n(&t, name, name_length);
        text_put_char(&t, '=');
    }
    text_put_n(&t, value, n);
    if (t.truncated || memchr(whole, '\0', t.length) != NULL)
        return wrong(why, "its labels are too long");
    return take_text(tag, TAG_SIZE, whole, t.length, "tag", why);
}

static int take_labels(struct sample_lines *r, const char **at, const char *end, struct text *why)
{
    if (*at == end || **at != '{')
        return ERR_OK;
    ++*at;
    while (*at < end && **at != '}') {
        int err = take_label(r, at, end, why);
        if (err < 0)
            return err;
        while (*at < end && (**at == ',' || **at == ' '))
            ++*at;
    }
    if (*at == end)
        return wrong(why, "the labels do not end");
    ++*at;
    return ERR_OK;
}

static int read_prom(struct sample_lines *r, const char *at, uint32_t line_length, struct text *why)
{
    const char *end = at + line_length, *name = at, *value, *time;
    uint32_t value_length, time_length;
    if (line_length > 0 && *at == '#')
        return read_comment(r, at, end, why);
    while (at < end && *at != '{' && *at != ' ' && *at != '\t')
        at++;
    int err = take_text(r->series.metric, sizeof r->series.metric, name, (uint32_t)(at - name), "metric",
                        why);
    if (err == ERR_OK)
        err = take_labels(r, &at, end, why);
    if (err < 0)
        return err;
    if (!take_word(&at, end, &value, &value_length) || !take_word(&at, end, &time, &time_length))
        return wrong(why, "value or time is missing");
    err = complete(r, false, false, why);
    if (err == ERR_OK)
        err = take_time(time, time_length, &r->time_ms[0], why);
    if (err == ERR_OK)
        err = take_value(r, value, value_length, 0, why);
    return err == ERR_OK ? 1 : err;
}

/* --- jsonl --- */

static int take_member(yyjson_val *root, const char *key, char *to, uint32_t size, struct text *why)
{
    yyjson_val *v = yyjson_obj_get(root, key);
    if (v == NULL)
        return ERR_OK;
    if (!yyjson_is_str(v)) {
        text_printf(why, "\"%s\" is no text", key);
        return ERR_MALFORMED;
    }
    return take_text(to, size, yyjson_get_str(v), (uint32_t)yyjson_get_len(v), key, why);
}

static int take_arrays(struct sample_lines *r, yyjson_val *times, yyjson_val *values, struct text *why)
{
    size_t count = yyjson_arr_size(times);
    if (!yyjson_is_arr(times) || !yyjson_is_arr(values) || count != yyjson_arr_size(values) || count == 0 ||
        count > SAMPLE_VALUES_MAX)
        return wrong(why, "\"t\" and \"v\" are not arrays of the same length, 1 to 2048");
    yyjson_arr_iter t, v;
    (void)yyjson_arr_iter_init(times, &t);
    (void)yyjson_arr_iter_init(values, &v);
    for (uint32_t i = 0; i < count; i++) {
        yyjson_val *time = yyjson_arr_iter_next(&t), *value = yyjson_arr_iter_next(&v);
        if (!yyjson_is_raw(time) || !yyjson_is_raw(value))
            return wrong(why, "\"t\" or \"v\" holds something that is no number");
        int err = take_time(yyjson_get_raw(time), (uint32_t)yyjson_get_len(time), &r->time_ms[i], why);
        if (err == ERR_OK)
            err = take_value(r, yyjson_get_raw(value), (uint32_t)yyjson_get_len(value), i, why);
        if (err < 0)
            return err;
    }
    return (int)count;
}

static int take_object(struct sample_lines *r, yyjson_val *root, struct text *why)
{
    struct sample_series *s = &r->series;
    char kind[16] = "";
    if (!yyjson_is_obj(root))
        return wrong(why, "it is no object");
    int err = take_member(root, "instance", s->instance, sizeof s->instance, why);
    if (err == ERR_OK)
        err = take_member(root, "metric", s->metric, sizeof s->metric, why);
    if (err == ERR_OK)
        err = take_member(root, "tag", s->tag, sizeof s->tag, why);
    if (err == ERR_OK)
        err = take_member(root, "unit", s->unit, sizeof s->unit, why);
    if (err == ERR_OK)
        err = take_member(root, "kind", kind, sizeof kind, why);
    if (err == ERR_OK)
        err = take_kind(kind, (uint32_t)strlen(kind), &s->kind, why);
    yyjson_val *scale = yyjson_obj_get(root, "scale");
    if (err == ERR_OK && yyjson_is_raw(scale))
        err = take_scale(yyjson_get_raw(scale), (uint32_t)yyjson_get_len(scale), &s->scale, why);
    if (err == ERR_OK)
        err = complete(r, kind[0] != '\0', yyjson_obj_get(root, "unit") != NULL, why);
    return err < 0 ? err : take_arrays(r, yyjson_obj_get(root, "t"), yyjson_obj_get(root, "v"), why);
}

static int read_jsonl(struct sample_lines *r, const char *line, uint32_t length, struct text *why)
{
    yyjson_alc pool;
    yyjson_read_err err;
    (void)yyjson_alc_pool_init(&pool, r->pool, SAMPLE_POOL_SIZE);
    /* Without YYJSON_READ_INSITU the text is only read; the cast is the library's. */
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)line, length, YYJSON_READ_NUMBER_AS_RAW, &pool,
                                       &err);
    if (doc == NULL) {
        text_printf(why, "it is no JSON: %s at byte %u", err.msg, (unsigned)err.pos);
        return ERR_MALFORMED;
    }
    return take_object(r, yyjson_doc_get_root(doc), why);
}

int sample_line_read(struct sample_lines *r, const char *line, uint32_t length, struct text *why)
{
    while (length > 0 && (line[length - 1] == '\r' || line[length - 1] == '\n'))
        length--;
    r->count = 0;
    r->series = (struct sample_series){.kind = METRIC_GAUGE};
    if (length == 0)
        return 0;
    int n = r->format == SAMPLE_CSV ? read_csv(r, line, length, why)
            : r->format == SAMPLE_PROM ? read_prom(r, line, length, why) : read_jsonl(r, line, length, why);
    r->count = n > 0 ? (uint32_t)n : 0;
    return n;
}
