/* SPDX-License-Identifier: MIT */
/* `import [FILE]`: samples as `export` writes them, into the database of a stopped aggregator. They go the
 * way of pushed samples: any order, each once, so an import that was broken off is simply begun again. */
#include <inttypes.h>
#include <string.h>

#include "aggregator/archive/parts.h"
#include "aggregator/archive/sample_text.h"
#include "proto/instance_id.h"
#include "platform/base/heap.h"

#define BATCH_MAX 8192U
#define ERRORS_TOLD_MAX 20U

struct import {
    struct archive *c;
    struct store *store;
    struct sample_lines reader;
    uint8_t *pool;
    int file;                    /* -1: standard input */
    int64_t file_at, file_size;
    uint32_t used;               /* bytes in c->buffer */
    bool at_end;
    uint64_t line, errors;
    /* values of one instance that wait, and the series of the line before */
    int instance;
    int series_index;
    struct sample_series series;
    uint32_t count;
    struct store_push_value batch[BATCH_MAX];
    uint64_t stored, repeated, conflicts, too_old, left_out;
};

void *import_command_reserve(struct memory_map *map, const struct config *config)
{
    struct import *m = memory_reserve(map, "import", 1, sizeof *m, "there is one");
    uint8_t *pool = memory_reserve(map, "import: work space", SAMPLE_POOL_SIZE, 1, "the line is refused");
    struct store *s = room_reserve_store(map, config);
    if (m != NULL) {
        m->store = s;
        m->pool = pool;
    }
    return m;
}

/* --- into the store --- */

static bool is_before(const void *a, const void *b)
{
    const struct store_push_value *x = (const struct store_push_value *)a,
                                  *y = (const struct store_push_value *)b;
    return x->time_ms != y->time_ms ? x->time_ms < y->time_ms : x->series < y->series;
}

/* Lets the store commit and seal until it has time for more. */
static int let_work(struct import *m)
{
    int err = store_commit(m->store);
    for (uint32_t i = 0; err == ERR_OK && i < 100; i++)
        (void)store_step(m->store, plat_mono(m->c->plat));
    return err;
}

static int flush(struct import *m)
{
    int n = 0;
    if (m->count == 0)
        return ERR_OK;
    heap_sort(m->batch, m->count, sizeof m->batch[0], is_before);
    for (uint32_t tries = 0; tries < 1000; tries++) {
        n = store_push(m->store, (uint32_t)m->instance, m->batch, m->count, plat_wall(m->c->plat));
        int err = n == ERR_FULL || n > 0 ? let_work(m) : ERR_OK;
        if (err < 0)
            return err;
        if (n != ERR_FULL)
            break;
    }
    if (n < 0)
        return n;
    m->stored += (uint32_t)n;
    for (uint32_t i = 0; i < m->count; i++) {
        m->repeated += m->batch[i].pushed == PUSHED_REPEATED;
        m->conflicts += m->batch[i].pushed == PUSHED_CONFLICT;
        m->too_old += m->batch[i].pushed == PUSHED_TOO_OLD;
    }
    m->count = 0;
    return ERR_OK;
}

/* The instance of a line: its place, or ERR_FULL. One that is new has nothing but its name. */
static int find_instance(struct import *m, const char *id)
{
    int found = store_instance_find(m->store, id);
    if (found >= 0)
        return found;
    struct instance facts = {.interval_ms = 1000};
    (void)text_copy(facts.id, sizeof facts.id, id);
    (void)text_copy(facts.name, sizeof facts.name, id);
    (void)text_copy(facts.type, sizeof facts.type, "other");
    (void)text_copy(facts.provider, sizeof facts.provider, "other");
    (void)text_copy(facts.region, sizeof facts.region, "unknown");
    return store_instance_put(m->store, &facts);
}

/* Whose the line's samples are; most lines are of the same series as the one before. */
static int find_series(struct import *m, struct text *why)
{
    const struct sample_series *s = &m->reader.series;
    bool same_instance = m->instance >= 0 && text_equal(s->instance, m->series.instance);
    if (same_instance && m->series_index >= 0 && text_equal(s->metric, m->series.metric) &&
        text_equal(s->tag, m->series.tag) && text_equal(s->unit, m->series.unit) &&
            s->kind == m->series.kind &&
        s->scale == m->series.scale)
        return ERR_OK;
    m->series_index = -1;
    if (!same_instance) {
        int err = flush(m);
        if (err < 0)
            return err;
        if (!instance_id_allowed(s->instance)) {
            text_put(why, "the instance's id holds characters that none may have");
            return ERR_MALFORMED;
        }
        m->instance = find_instance(m, s->instance);
    }
    m->series = *s;
    const struct store_series_facts facts = {.metric = s->metric, .tag = s->tag, .unit = s->unit,
                                             .scale = s->scale,
                                             .kind = s->kind};
    if (m->instance >= 0)
        m->series_index = store_series_put(m->store, (uint32_t)m->instance, &facts);
    if (m->series_index == ERR_MALFORMED) {
        text_put(why, "metric, tag or unit is empty or too long");
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

/* The samples of a line that was read. */
static int take_line(struct import *m, struct text *why)
{
    int err = find_series(m, why);
    if (err < 0)
        return err;
    if (m->instance < 0 || m->series_index < 0) {
        m->left_out += m->reader.count;
        return ERR_OK;
    }
    for (uint32_t i = 0; err == ERR_OK && i < m->reader.count; i++) {
        m->batch[m->count++] = (struct store_push_value){.time_ms = m->reader.time_ms[i],
                                                         .value = m->reader.values[i],
                                                         .series = (uint16_t)m->series_index};
        if (m->count == BATCH_MAX)
            err = flush(m);
    }
    return err;
}

/* --- lines --- */

static int fill(struct import *m)
{
    struct archive *c = m->c;
    uint32_t room = ARCHIVE_BUFFER_SIZE - m->used;
    int n = m->file < 0 ? plat_linux_input(c->buffer + m->used, room)
                        : plat_file_read(c->plat, m->file, m->file_at, c->buffer + m->used, room);
    if (n < 0)
        return n;
    m->at_end = n == 0;
    m->file_at += n;
    m->used += (uint32_t)n;
    if (m->file >= 0)
        archive_progress(c, "import", (uint64_t)m->file_at, (uint64_t)m->file_size);
    return ERR_OK;
}

static void tell(struct import *m, const char *words)
{
    if (m->errors++ < ERRORS_TOLD_MAX) {
        archive_progress_end(m->c);
        archive_say("line %" PRIu64 ": %s", m->line, words);
    }
}

static int handle(struct import *m, const char *line, uint32_t length)
{
    char words[256];
    struct text why;
    text_init(&why, words, sizeof words);
    m->line++;
    int n = sample_line_read(&m->reader, line, length, &why);
    if (n > 0)
        n = take_line(m, &why);
    if (n == ERR_MALFORMED && why.length > 0)
        tell(m, words);
    return n < 0 && why.length == 0 ? n : ERR_OK;
}

/* All whole lines in the buffer. */
static int handle_all(struct import *m)
{
    const char *at = (const char *)m->c->buffer, *end = at + m->used;
    int err = ERR_OK;
    while (err == ERR_OK && at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        bool is_long = stop == NULL && (end - at) >= (ptrdiff_t)SAMPLE_LINE_MAX;
        if (stop == NULL && !m->at_end && !is_long)
            break;
        if (stop == NULL)
            stop = end;
        if (is_long || stop - at > (ptrdiff_t)SAMPLE_LINE_MAX) {
            m->line++;
            tell(m, "it is longer than 64 KiB; nothing behind it is read");
            return ERR_MALFORMED;
        }
        err = handle(m, at, (uint32_t)(stop - at));
        at = stop < end ? stop + 1 : end;
    }
    m->used = (uint32_t)(end - at);
    memmove(m->c->buffer, at, m->used);
    return err;
}

static int finish(struct import *m, int err)
{
    struct archive *c = m->c;
    if (err == ERR_OK)
        err = flush(m);
    if (err == ERR_OK)
        err = let_work(m);
    archive_progress_end(c);
    if (m->errors > ERRORS_TOLD_MAX)
        archive_say("... and %" PRIu64 " more lines", m->errors - ERRORS_TOLD_MAX);
    archive_say("%" PRIu64 " lines: %" PRIu64 " values stored, %" PRIu64 " were there already, %" PRIu64
                " left out (another value is there at that time), %" PRIu64 " older than what is "
                "kept, %" PRIu64
                " without room (--agents-max, --series-max), %" PRIu64 " rounded to their metric's scale",
                m->line, m->stored, m->repeated, m->conflicts, m->too_old, m->left_out, m->reader.rounded);
    if (err < 0 && err != ERR_MALFORMED)
        return archive_fail(c, archive_exit_of(err), "%s: %s", c->config->data, archive_words(err));
    return m->errors > 0 || m->left_out + m->conflicts + m->too_old > 0 ? ARCHIVE_DAMAGED : ARCHIVE_OK;
}

static int run(struct import *m)
{
    int err = ERR_OK;
    while (err == ERR_OK && !m->at_end) {
        err = fill(m);
        if (err < 0) {
            (void)finish(m, ERR_OK);
            return archive_fail(m->c, ARCHIVE_FAILED, "the input cannot be read any further");
        }
        err = handle_all(m);
    }
    return finish(m, err);
}

int import_command(struct archive *c)
{
    struct import *m = c->room;
    int format = sample_format_of(c->config->format);
    m->c = c;
    m->file = m->instance = m->series_index = -1;
    if (format < 0)
        return archive_fail(c, ARCHIVE_USAGE, "--format %s: there are csv, prom and jsonl",
                            c->config->format);
    sample_line_init(&m->reader, (enum sample_format)format, m->pool);
    if (c->operand != NULL && !text_equal(c->operand, "-")) {
        m->file = plat_linux_file(c->plat, c->operand, false);
        if (m->file < 0)
            return archive_fail(c, archive_exit_of(m->file), "%s: %s", c->operand, archive_words(m->file));
        m->file_size = plat_file_size(c->plat, m->file);
    }
    int code = archive_lock(c);
    if (code == ARCHIVE_OK)
        code = room_open_store(c, m->store);
    if (code == ARCHIVE_OK) {
        code = run(m);
        store_close(m->store);
    }
    if (m->file >= 0)
        plat_file_close(c->plat, m->file);
    return code;
}
