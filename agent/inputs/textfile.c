/* SPDX-License-Identifier: MIT */
/* Files that scripts leave behind; see textfile.h. */
#include "agent/inputs/textfile.h"

#include <string.h>

#include "platform/base/text.h"
#include "platform/base/utf8.h"

#define ENDING ".prom"

void textfile_init(struct textfile *t, struct plat *p, struct series *series,
                   uint8_t scratch[static SCRATCH_SIZE], const char *directory)
{
    memset(t, 0, offsetof(struct textfile, values));
    memset(t->broken, 0, sizeof t->broken);
    t->plat = p;
    t->series = series;
    t->names = (char *)scratch;
    t->text = (char *)scratch + TEXTFILE_NAMES_SIZE;
    t->directory = directory;
    t->look_at = plat_mono(p);
}

/* --- saying what is wrong, once --- */

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 2166136261U; /* FNV-1a */
    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * 16777619U;
    return hash == 0 ? 1 : hash;
}

static bool was_broken(const struct textfile *t, uint32_t hash)
{
    for (uint32_t i = 0; i < TEXTFILE_BROKEN_MAX; i++)
        if (t->broken[i] == hash)
            return true;
    return false;
}

static void note_broken(struct textfile *t, const char *name, uint32_t line, const char *why)
{
    uint32_t hash = hash_of(name);
    t->errors++;
    if (was_broken(t, hash))
        return;
    char clean[64];
    utf8_copy_clean(clean, sizeof clean, name);
    t->broken[hash % TEXTFILE_BROKEN_MAX] = hash;
    if (line > 0)
        plat_log(t->plat, LOG_WARN, "%s/%s:%u: %s; nothing of this file is taken", t->directory, clean, line,
                 why);
    else
        plat_log(t->plat, LOG_WARN, "%s/%s: %s; nothing of this file is taken", t->directory, clean, why);
}

static void note_good(struct textfile *t, const char *name)
{
    uint32_t hash = hash_of(name);
    if (was_broken(t, hash))
        t->broken[hash % TEXTFILE_BROKEN_MAX] = 0;
}

static void note_refused(struct textfile *t, const struct prometheus_sample *sample)
{
    t->refused++;
    if (t->said_refused)
        return;
    t->said_refused = true;
    char name[METRIC_SIZE];
    if (labels_write_name(sample->name, "", name) < 0)
        text_copy(name, sizeof name, "a name that is too long");
    plat_log(t->plat, LOG_WARN, "%s: %s is refused: no more than %u custom series, names of %u and labels of "
             "%u bytes, no name of the agent's own; said once", t->directory, name, CUSTOM_SERIES_MAX,
             METRIC_SIZE - 1, TAG_SIZE - 1);
}

/* --- one file --- */

static void add(struct textfile *t, const struct prometheus_sample *sample)
{
    char name[METRIC_SIZE], tag[TAG_SIZE];
    int slot = ERR_FULL;
    if (labels_write_name(sample->name, "", name) == ERR_OK && labels_write(&sample->labels, tag) == ERR_OK)
        slot = series_custom(t->series, name, tag, labels_unit(name), sample->is_counter);
    if (slot < 0 || t->count == CUSTOM_SERIES_MAX) {
        note_refused(t, sample);
        return;
    }
    t->slots[t->count] = (uint16_t)slot;
    t->values[t->count++] = sample->x1000;
}

static const char *words_for(int error)
{
    return error == ERR_DENIED ? "a sample with a timestamp" : error == ERR_FULL ? "too many labels"
                               : "this is not the Prometheus text format";
}

/* Read twice: nothing is taken of a file that is broken further down. */
static void take_text(struct textfile *t, const char *name, uint32_t length)
{
    struct prometheus_sample sample;
    struct prometheus_text text = prometheus_text_of(t->text, length);
    int result;
    while ((result = prometheus_text_next(&text, &sample)) == ERR_OK)
        ;
    if (result != ERR_MISSING) {
        note_broken(t, name, text.line, words_for(result));
        return;
    }
    note_good(t, name);
    text = prometheus_text_of(t->text, length);
    while (prometheus_text_next(&text, &sample) == ERR_OK)
        add(t, &sample);
}

static void take_file(struct textfile *t, const char *name)
{
    char space[TEXTFILE_PATH_SIZE];
    struct text path;
    text_init(&path, space, sizeof space);
    text_put(&path, t->directory);
    text_put_char(&path, '/');
    text_put(&path, name);
    int length = path.truncated ? ERR_FULL : plat_text_once(t->plat, path.at, t->text, TEXTFILE_SIZE_MAX);
    if (length == ERR_MISSING)
        return; /* gone since the directory was listed */
    if (length >= 0)
        take_text(t, name, (uint32_t)length);
    else
        note_broken(t, name, 0, length == ERR_FULL ? "larger than 60 KiB" : "cannot be read");
}

/* --- all of them --- */

static bool is_ours(const char *name)
{
    size_t length = strlen(name), ending = sizeof ENDING - 1;
    return name[0] != '.' && length > ending && text_equal(name + length - ending, ENDING);
}

static void look(struct textfile *t)
{
    t->count = 0;
    t->errors = 0;
    int result = plat_list(t->plat, t->directory, t->names, TEXTFILE_NAMES_SIZE);
    t->is_there = result >= 0 || result == ERR_FULL;
    if (!t->is_there)
        return;
    if (result == ERR_FULL)
        note_broken(t, "", 0, "more files than can be listed");
    for (const char *name = t->names; *name != '\0'; name += strlen(name) + 1)
        if (is_ours(name))
            take_file(t, name);
}

void textfile_take(struct textfile *t, struct sample *out, struct mono now)
{
    if (t->directory[0] == '\0')
        return;
    if (mono_reached(now, t->look_at)) {
        look(t);
        t->look_at = mono_after_ms(now, TEXTFILE_REFRESH_MS);
    }
    if (!t->is_there)
        return;
    for (uint32_t i = 0; i < t->count; i++)
        sample_put(out, t->slots[i], t->values[i]);
    int slot = series_slot(t->series, METRIC_TEXTFILE_ERRORS, "");
    if (slot >= 0)
        sample_put(out, (uint32_t)slot, t->errors);
}
