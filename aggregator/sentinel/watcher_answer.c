/* SPDX-License-Identifier: MIT */
/* See watcher_state.h: what Vultr answers, and what follows from it. */
#include <string.h>

#include "aggregator/forward/retry.h"
#include "aggregator/sentinel/watcher_state.h"

#define BANDWIDTH_MS (INT64_C(900) * 1000) /* rules forget what is older than half an hour */
#define BANDWIDTH_AGAIN_MS 60000
#define PAGES_MAX 2000U
#define MISSING_MAX 2U                      /* one listing without it may be a page that moved */
#define FORGET_AFTER 720U

/* --- what goes wrong --- */

static uint64_t some_number(struct watcher *w)
{
    uint64_t n;
    plat_random(w->plat, &n, sizeof n);
    return n;
}

/* Said once for each way of failing. */
static void fail(struct watcher *w, enum verdict verdict, const char *words, int64_t after_ms,
                 struct mono now)
{
    enum watcher_state state = verdict == VERDICT_HOLD ? WATCHER_REFUSED : WATCHER_FAILING;
    bool is_news = w->board.state != state || !text_equal(w->board.words, words);
    w->failures++;
    w->board.failures++;
    int64_t delay_ms = retry_delay_ms(verdict, w->failures, after_ms, some_number(w));
    w->retry_at = mono_after_ms(now, delay_ms);
    w->board.state = state;
    (void)text_copy(w->board.words, sizeof w->board.words, words);
    if (is_news)
        plat_log(w->plat, LOG_WARN, "Vultr's API at %s: %s; tried again in %lld s", w->settings.url, words,
                 (long long)((delay_ms + 999) / 1000));
}

static void fail_with_status(struct watcher *w, const struct plat_answer *a, struct mono now)
{
    char words[FINDING_WORDS_SIZE];
    struct text t;
    enum verdict verdict = retry_judge(a->status);
    text_init(&t, words, sizeof words);
    if (a->status == 0)
        text_put(&t, a->why);
    else
        vultr_read_error(w->pool, w->answer, a->body_size, a->status, &t);
    if (a->status == 401 || a->status == 403)
        text_put(&t, " It does not take the key: give another one (vultr.key_file), or allow this machine's "
                     "address at Vultr");
    else if (a->status >= 300 && a->status < 400)
        text_put(&t, ": it sends us elsewhere; mend vultr.url");
    if (verdict == VERDICT_DROP) { /* of a cursor that has become old, for one: from the beginning */
        w->task = WATCHER_IDLE;
        w->round_due = now;
        verdict = VERDICT_AGAIN;
    }
    fail(w, verdict, words, retry_after_ms(a->retry_after, wall_ms(plat_wall(w->plat))), now);
}

/* A page that is too large for its memory is asked for in smaller pieces. */
static void take_less(struct watcher *w, struct mono now)
{
    w->task = WATCHER_IDLE;
    w->round_due = now;
    if (w->per_page == 1) {
        fail(w, VERDICT_AGAIN, "one server alone fills more than 64 KiB of its answer", -1, now);
        return;
    }
    w->per_page /= 2;
    w->retry_at = now;
}

/* --- a page --- */

static struct server *find(struct watcher *w, const char *id)
{
    for (uint32_t i = 0; i < w->board.server_count; i++)
        if (text_equal(w->servers[i].facts.id, id))
            return &w->servers[i];
    return NULL;
}

static struct server *find_or_add(struct watcher *w, const char *id, struct mono now)
{
    struct server *s = find(w, id);
    if (s != NULL || w->board.server_count == w->servers_max)
        return s;
    s = &w->servers[w->board.server_count++];
    memory_use(w->line, w->board.server_count);
    *s = (struct server){.instance = ERR_MISSING, .bandwidth_due = now};
    return s;
}

static void take_page(struct watcher *w, const struct plat_answer *a, struct mono now)
{
    char words[FINDING_WORDS_SIZE];
    struct text why;
    text_init(&why, words, sizeof words);
    if (a->truncated) {
        take_less(w, now);
        return;
    }
    if (vultr_read_page(w->pool, w->answer, a->body_size, &w->page, &why) < 0) {
        fail(w, VERDICT_AGAIN, words, -1, now);
        return;
    }
    bool is_circle = w->page.next[0] != '\0' &&
                     (text_equal(w->page.next, w->cursor) || ++w->pages > PAGES_MAX);
    if (is_circle) {
        w->task = WATCHER_IDLE;
        w->round_due = now;
        fail(w, VERDICT_AGAIN, "its pages lead back to one that was there already", -1, now);
        return;
    }
    w->failures = 0;
    w->left_out += w->page.left_out;
    w->page_at = 0;
    w->task = WATCHER_TELLING;
}

/* Servers that the listing was without. */
static void look_for_gone(struct watcher *w)
{
    int64_t now_ms = wall_ms(plat_wall(w->plat));
    for (uint32_t i = 0; i < w->board.server_count; i++) {
        struct server *s = &w->servers[i];
        uint32_t missing = w->round - s->round;
        s->is_gone = missing >= MISSING_MAX;
        if (missing < FORGET_AFTER)
            continue;
        *s = w->servers[--w->board.server_count];
        i--;
    }
    for (uint32_t i = 0; i < store_instance_count(w->store) && w->rounds_good >= MISSING_MAX; i++) {
        const struct instance *in = store_instance(w->store, i);
        if (in->source == INSTANCE_FROM_SENTINEL && text_equal(in->provider, "vultr") &&
            in->told_check_ms < w->round_before_ms)
            tell_server_gone(w->store, i, now_ms);
    }
}

static void finish_round(struct watcher *w)
{
    bool was_bad = w->board.state != WATCHER_GOOD;
    w->task = WATCHER_IDLE;
    w->rounds_good++;
    w->board.left_out = w->left_out;
    w->board.good_ms = wall_ms(plat_wall(w->plat));
    w->board.state = WATCHER_GOOD;
    w->board.words[0] = '\0';
    if (w->left_out > 0)
        (void)text_copy(w->board.words, sizeof w->board.words,
                        "some servers found no room: start the aggregator with a larger --agents-max");
    if (was_bad)
        plat_log(w->plat, LOG_INFO, "Vultr's API at %s: %u servers", w->settings.url, w->board.server_count);
    if (w->left_out == 0)
        look_for_gone(w);
}

int watcher_tell(struct watcher *w, struct mono now)
{
    struct wall wall = plat_wall(w->plat);
    while (w->page_at < w->page.count) {
        const struct vultr_server *facts = &w->page.servers[w->page_at];
        struct server *s = find_or_add(w, facts->id, now);
        if (s != NULL) {
            s->is_told = s->is_told && memcmp(&s->facts, facts, sizeof *facts) == 0;
            s->facts = *facts;
            s->round = w->round;
            s->is_gone = false;
            s->instance = tell_server(w->store, s, w->settings.interval_ms, wall_ms(wall));
            int err = s->instance >= 0 ? tell_server_values(w->store, s, false, wall) : ERR_OK;
            if (err < 0)
                return err;
        }
        w->left_out += s == NULL || s->instance == ERR_FULL;
        w->page_at++;
    }
    (void)text_copy(w->cursor, sizeof w->cursor, w->page.next);
    w->task = WATCHER_LISTING;
    if (w->cursor[0] == '\0')
        finish_round(w);
    return ERR_OK;
}

/* --- bandwidth --- */

/* "2026-01-" */
static void month_of(int64_t now_ms, char month[static 16])
{
    char iso[40];
    struct text t;
    text_init(&t, iso, sizeof iso);
    text_put_iso_ms(&t, now_ms);
    iso[8] = '\0';
    (void)text_copy(month, 16, iso);
}

static void take_bandwidth(struct watcher *w, const struct plat_answer *a, struct mono now)
{
    char words[FINDING_WORDS_SIZE], month[16];
    struct text why;
    struct server *s = &w->servers[w->of];
    struct wall wall = plat_wall(w->plat);
    struct vultr_bandwidth read;
    text_init(&why, words, sizeof words);
    w->task = WATCHER_IDLE;
    s->bandwidth_due = mono_after_ms(now, BANDWIDTH_MS);
    if (a->status == 404) /* a new one has none yet, one that goes has none any more */
        return;
    month_of(wall_ms(wall), month);
    if (a->truncated || vultr_read_bandwidth(w->pool, w->answer, a->body_size, month, &read, &why) < 0) {
        w->board.failures++;
        return;
    }
    s->bandwidth = read;
    s->bandwidth_ms = wall_ms(wall);
    if (tell_server_values(w->store, s, true, wall) < 0)
        s->bandwidth_due = mono_after_ms(now, BANDWIDTH_AGAIN_MS);
}

void watcher_take(struct watcher *w, const struct plat_answer *a, struct mono now)
{
    bool is_bandwidth = w->task == WATCHER_BANDWIDTH;
    if (a->status == 200 && !is_bandwidth) {
        take_page(w, a, now);
    } else if (a->status == 200 || (is_bandwidth && a->status == 404)) {
        take_bandwidth(w, a, now);
    } else {
        w->task = is_bandwidth ? WATCHER_IDLE : w->task;
        fail_with_status(w, a, now);
    }
}
