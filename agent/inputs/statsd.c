/* SPDX-License-Identifier: MIT */
/* StatsD; see statsd.h. */
#include "agent/inputs/statsd.h"

#include <string.h>

#include "agent/inputs/decimal.h"
#include "platform/base/text.h"
#include "platform/base/utf8.h"

#define ONE_X1000 1000

void statsd_init(struct statsd *s, struct plat *p, struct series *series,
                 uint8_t scratch[static SCRATCH_SIZE], const char *address)
{
    /* The tables are not touched: memory that nobody uses costs nothing. */
    memset(s, 0, offsetof(struct statsd, entries));
    s->plat = p;
    s->series = series;
    s->scratch = scratch;
    s->socket = -1;
    s->window_until = plat_mono(p);
    if (address[0] == '\0')
        return;
    s->socket = plat_udp_listen(p, address);
    if (s->socket < 0)
        plat_log(p, LOG_WARN, "no StatsD: cannot listen on %s: %s; going on without (--statsd=ADDRESS "
                 "chooses another, --statsd= none)", address,
                 s->socket == ERR_BUSY     ? "the port is taken"
                 : s->socket == ERR_DENIED ? "no permission"
                                           : "this is no address of this machine");
}

void statsd_close(struct statsd *s)
{
    if (s->socket >= 0)
        plat_close(s->plat, s->socket);
    s->socket = -1;
}

/* --- the table --- */

struct key {
    uint32_t hash;
    char name[METRIC_SIZE];
    char tag[TAG_SIZE];
};

static int make_key(const struct statsd_line *line, struct key *key)
{
    int result = labels_write_name(line->name, "", key->name);
    if (result == ERR_OK)
        result = labels_write(&line->tags, key->tag);
    if (result < 0)
        return result;
    key->hash = 2166136261U; /* FNV-1a */
    for (const char *c = key->name; *c != '\0'; c++)
        key->hash = (key->hash ^ (uint8_t)*c) * 16777619U;
    for (const char *c = key->tag; *c != '\0'; c++)
        key->hash = (key->hash ^ (uint8_t)*c) * 16777619U;
    return ERR_OK;
}

static struct statsd_entry *find(struct statsd *s, const struct key *key)
{
    for (uint32_t i = 0; i < s->count; i++) {
        struct statsd_entry *e = &s->entries[i];
        if (e->hash != key->hash)
            continue;
        char tag[TAG_SIZE];
        struct wire_series it;
        series_describe(s->series, e->slots[0], tag, &it);
        if (text_equal(it.metric, key->name) && text_equal(it.tag, key->tag))
            return e;
    }
    return NULL;
}

/* The slots of a new entry, all or none of them, unless one of a timer's names is something else already. */
static int open_slots(struct statsd *s, const struct statsd_line *line, const struct key *key,
                      struct statsd_entry *e)
{
    static const char *const endings[STATSD_FIGURES] = {
        [FIGURE_MEAN] = "",    [FIGURE_MIN] = ".min", [FIGURE_MAX] = ".max",     [FIGURE_P50] = ".p50",
        [FIGURE_P95] = ".p95", [FIGURE_P99] = ".p99", [FIGURE_COUNT] = ".count",
    };
    bool is_timer = line->kind == STATSD_TIMER;
    uint32_t count = is_timer ? STATSD_FIGURES : 1;
    char name[METRIC_SIZE];
    if (series_custom_room(s->series) < count ||
        labels_write_name(line->name, is_timer ? endings[FIGURE_COUNT] : "", name) < 0)
        return ERR_FULL;
    for (uint32_t i = 0; i < count; i++) {
        int result = labels_write_name(line->name, endings[i], name);
        if (result < 0)
            return result;
        bool is_total = is_timer ? i == FIGURE_COUNT : line->kind == STATSD_COUNTER;
        const char *unit = i == FIGURE_COUNT   ? "count"
                           : line->is_duration ? "milliseconds"
                                               : labels_unit(key->name);
        int slot = series_custom(s->series, name, key->tag, unit, is_total);
        if (slot < 0)
            return slot;
        e->slots[i] = (uint16_t)slot;
    }
    return ERR_OK;
}

static int new_entry(struct statsd *s, const struct statsd_line *line, const struct key *key,
                     struct statsd_entry **out)
{
    bool is_timer = line->kind == STATSD_TIMER, is_set = line->kind == STATSD_SET;
    if (s->count == STATSD_ENTRIES_MAX || (is_timer && s->timer_count == STATSD_TIMERS_MAX) ||
        (is_set && s->set_count == STATSD_SETS_MAX))
        return ERR_FULL;
    struct statsd_entry *e = &s->entries[s->count];
    *e = (struct statsd_entry){.hash = key->hash, .kind = (uint8_t)line->kind};
    int result = open_slots(s, line, key, e);
    if (result < 0)
        return result;
    if (is_timer) {
        e->detail = (uint8_t)s->timer_count++;
        memset(&s->timers[e->detail], 0, sizeof s->timers[0]);
    } else if (is_set) {
        e->detail = (uint8_t)s->set_count++;
        memset(&s->sets[e->detail], 0, sizeof s->sets[0]);
    }
    s->count++;
    *out = e;
    return ERR_OK;
}

static int find_or_make(struct statsd *s, const struct statsd_line *line, struct statsd_entry **out)
{
    struct key key;
    int result = make_key(line, &key);
    if (result < 0)
        return result;
    *out = find(s, &key);
    if (*out == NULL)
        return new_entry(s, line, &key, out);
    return (*out)->kind == line->kind ? ERR_OK : ERR_DENIED;
}

/* --- a line --- */

static void say_refused(struct statsd *s, struct span line, int why)
{
    bool *said = why == ERR_DENIED ? &s->said_taken : &s->said_full;
    if (*said)
        return;
    *said = true;
    char words[METRIC_SIZE], clean[METRIC_SIZE];
    struct text t;
    text_init(&t, words, sizeof words);
    text_put_n(&t, line.at, span_length(line));
    utf8_copy_clean(clean, sizeof clean, words);
    plat_log(s->plat, LOG_WARN, "StatsD: refused \"%s\": %s; said once, counted in statsd_refused", clean,
             why == ERR_DENIED ? "the name belongs to the agent, or is another type already; choose another"
                               : "its name and tags are too long, or all series are taken");
}

static void apply(struct statsd *s, struct statsd_entry *e, const struct statsd_line *line)
{
    struct span values = line->values;
    struct statsd_value v;
    if (e->kind == STATSD_SET) {
        distinct_add(&s->sets[e->detail].open, values.at, span_length(values));
        return;
    }
    while (statsd_next(&values, &v)) {
        if (e->kind == STATSD_GAUGE) {
            e->value = v.is_change ? decimal_add(e->value, v.x1000) : v.x1000;
            continue;
        }
        int64_t more = v.x1000;
        if (e->kind == STATSD_TIMER) {
            summary_add(&s->timers[e->detail].open, v.x1000);
            more = ONE_X1000;
        }
        e->value = decimal_add(e->value, decimal_scale(more, STATSD_RATE_ONE, line->rate_ppm));
    }
}

static void take_line(struct statsd *s, struct span text, struct mono now)
{
    struct statsd_line line;
    struct statsd_entry *e;
    s->lines++;
    int result = statsd_parse(text, &line);
    if (result == ERR_OK)
        result = find_or_make(s, &line, &e);
    if (result == ERR_OK) {
        apply(s, e, &line);
        e->updated_at = now;
        e->is_set = true;
    } else if (result == ERR_MISSING) {
        s->skipped++;
    } else if (result == ERR_MALFORMED) {
        s->bad_lines++;
    } else {
        s->refused++;
        say_refused(s, text, result);
    }
}

void statsd_datagram(struct statsd *s, const char *text, uint32_t length, struct mono now)
{
    struct span rest = span_of(text, length);
    s->datagrams++;
    while (rest.at < rest.end) {
        const char *newline = memchr(rest.at, '\n', span_length(rest));
        struct span line = {rest.at, newline != NULL ? newline : rest.end};
        rest.at = newline != NULL ? newline + 1 : rest.end;
        if (line.at < line.end && line.end[-1] == '\r')
            line.end--;
        if (line.at < line.end)
            take_line(s, line, now);
    }
}

/* --- the socket --- */

static uint32_t read_waiting(struct statsd *s, struct mono now)
{
    uint32_t count = 0;
    for (; count < STATSD_DATAGRAMS_MAX; count++) {
        int size = plat_udp_receive(s->plat, s->socket, s->scratch, SCRATCH_SIZE);
        if (size < 0)
            break;
        statsd_datagram(s, (const char *)s->scratch, (uint32_t)size, now);
    }
    return count;
}

void statsd_ready(struct statsd *s, int conn)
{
    s->is_ready |= conn == s->socket;
}

/* Until so many have come as the kernel holds with ease, going by what came lately. */
static int64_t rest_ms(const struct statsd *s, struct mono now, uint32_t count)
{
    int64_t since_ms = (now.ns - s->read_at.ns) / NS_PER_MS;
    int64_t ms = since_ms < STATSD_REST_MS ? since_ms * STATSD_DATAGRAMS_EXPECTED / count : STATSD_REST_MS;
    if (count == STATSD_DATAGRAMS_MAX || ms < STATSD_REST_FLOOD_MS)
        return STATSD_REST_FLOOD_MS;
    return ms > STATSD_REST_MS ? STATSD_REST_MS : ms;
}

static void rest(struct statsd *s, struct mono now, uint32_t count)
{
    if (!s->is_resting)
        plat_pause(s->plat, s->socket, true);
    s->is_resting = true;
    s->rest_until = mono_after_ms(now, rest_ms(s, now, count));
}

/* Where datagrams come one by one and often, a wake-up for each would cost more than all else: the socket
 * is looked at now and then instead, until a look finds nothing. */
struct mono statsd_step(struct statsd *s, struct mono now)
{
    if (s->is_resting && mono_reached(now, s->rest_until)) {
        uint32_t count = read_waiting(s, now);
        if (count > 0)
            rest(s, now, count);
        else
            plat_pause(s->plat, s->socket, false);
        s->is_resting = count > 0;
        s->read_at = now;
    } else if (s->is_ready && !s->is_resting) {
        uint32_t count = read_waiting(s, now);
        bool is_busy = now.ns - s->read_at.ns < STATSD_REST_MS * NS_PER_MS;
        if (count > 0 && (is_busy || count == STATSD_DATAGRAMS_MAX))
            rest(s, now, count);
        s->read_at = now;
    }
    s->is_ready = false;
    return s->is_resting ? s->rest_until : MONO_NEVER;
}

/* --- into the sample --- */

static void close_timer(struct statsd_timer *t)
{
    const struct summary *s = &t->open;
    t->has_shown = s->count > 0;
    if (!t->has_shown)
        return;
    t->shown[FIGURE_MEAN] = summary_mean(s);
    t->shown[FIGURE_MIN] = s->min;
    t->shown[FIGURE_MAX] = s->max;
    t->shown[FIGURE_P50] = summary_quantile(s, 500);
    t->shown[FIGURE_P95] = summary_quantile(s, 950);
    t->shown[FIGURE_P99] = summary_quantile(s, 990);
    summary_clear(&t->open);
}

/* All at the same moment, so that series come and go together and blocks stay whole. */
static void close_window(struct statsd *s, struct mono now)
{
    for (uint32_t i = 0; i < s->timer_count; i++)
        close_timer(&s->timers[i]);
    for (uint32_t i = 0; i < s->set_count; i++) {
        s->sets[i].shown = distinct_count(&s->sets[i].open);
        distinct_clear(&s->sets[i].open);
    }
    for (uint32_t i = 0; i < s->count; i++) {
        struct statsd_entry *e = &s->entries[i];
        if (mono_reached(now, mono_after_ms(e->updated_at, STATSD_STALE_MS)))
            e->is_set = false;
    }
    s->window_until = mono_after_ms(now, STATSD_WINDOW_MS);
}

/* A rate needs a value before the first: 0, which is what it was. */
static void put_total(struct statsd_entry *e, uint32_t slot, struct sample *out)
{
    sample_put(out, slot, e->is_told ? e->value : 0);
    e->is_told = true;
}

static void put_entry(struct statsd *s, struct statsd_entry *e, struct sample *out)
{
    switch ((enum statsd_kind)e->kind) {
    case STATSD_COUNTER:
        put_total(e, e->slots[0], out);
        break;
    case STATSD_GAUGE:
        if (e->is_set)
            sample_put(out, e->slots[0], e->value);
        break;
    case STATSD_TIMER:
        put_total(e, e->slots[FIGURE_COUNT], out);
        for (uint32_t i = 0; i < FIGURE_COUNT && s->timers[e->detail].has_shown; i++)
            sample_put(out, e->slots[i], s->timers[e->detail].shown[i]);
        break;
    case STATSD_SET:
        if (e->is_set)
            sample_put(out, e->slots[0], (int64_t)s->sets[e->detail].shown * ONE_X1000);
        break;
    }
}

static void put_own(struct statsd *s, struct sample *out, enum metric metric, uint64_t value)
{
    int slot = series_slot(s->series, metric, "");
    if (slot >= 0)
        sample_put(out, (uint32_t)slot, (int64_t)value);
}

void statsd_take(struct statsd *s, struct sample *out, struct mono now)
{
    if (s->is_resting) /* what came before this moment belongs to it */
        (void)read_waiting(s, now);
    if (s->socket >= 0) {
        uint32_t dropped = plat_udp_dropped(s->plat, s->socket);
        s->dropped += dropped - s->dropped_before;
        s->dropped_before = dropped;
    }
    if (s->datagrams == 0)
        return;
    if (mono_reached(now, s->window_until))
        close_window(s, now);
    for (uint32_t i = 0; i < s->count; i++)
        put_entry(s, &s->entries[i], out);
    put_own(s, out, METRIC_STATSD_DATAGRAMS, s->datagrams);
    put_own(s, out, METRIC_STATSD_DROPPED, s->dropped);
    put_own(s, out, METRIC_STATSD_BAD_LINES, s->bad_lines);
    put_own(s, out, METRIC_STATSD_REFUSED, s->refused);
}
