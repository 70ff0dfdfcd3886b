/* SPDX-License-Identifier: MIT */
/* One sample for programs; see once.h. */
#include "agent/once.h"

/* The texts here are printable UTF-8 already (utf8_copy_clean), so two characters are left to escape. */
static void put_string(struct text *out, const char *s)
{
    text_put_char(out, '"');
    for (; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\')
            text_put_char(out, '\\');
        text_put_char(out, *s);
    }
    text_put_char(out, '"');
}

static void put_member(struct text *out, const char *name, const char *value)
{
    text_printf(out, "\"%s\":", name);
    put_string(out, value);
    text_put_char(out, ',');
}

void once_print_json(const struct sample *sample, const struct series *series,
                     const struct identity *identity, struct text *out)
{
    text_put_char(out, '{');
    put_member(out, "instance", identity->id);
    put_member(out, "name", identity->name);
    text_put(out, "\"timestamp\":\"");
    text_put_iso_ms(out, sample->time_ms);
    text_put(out, "\",\"metrics\":[");
    const char *separator = "\n  ";
    for (uint32_t slot = 0; slot < series->count; slot++) {
        if (!sample_has(sample, slot))
            continue;
        char tag[TAG_SIZE];
        struct wire_series it;
        series_describe(series, slot, tag, &it);
        text_put(out, separator);
        separator = ",\n  ";
        text_put_char(out, '{');
        put_member(out, "metric", it.metric);
        put_member(out, "tag", it.tag);
        text_put(out, "\"value\":");
        text_put_scaled(out, sample->values[slot], it.scale);
        text_put_char(out, ',');
        put_member(out, "unit", it.unit);
        out->at[--out->length] = '\0'; /* the last comma */
        text_put_char(out, '}');
    }
    text_put(out, "\n],\"processes\":[");
    separator = "\n  ";
    for (uint32_t i = 0; i < sample->tops.count; i++) {
        const struct process_top *top = &sample->tops.tops[i];
        text_printf(out, "%s{\"pid\":%u,", separator, top->pid);
        separator = ",\n  ";
        put_member(out, "name", top->name);
        text_put(out, "\"cpu_percent\":");
        text_put_scaled(out, top->cpu_share, 100);
        text_printf(out, ",\"memory_bytes\":%llu}", (unsigned long long)top->memory_kib * 1024);
    }
    text_put(out, "\n]}\n");
}
