/* SPDX-License-Identifier: MIT */
/* See watcher.h: what is asked, and when. watcher_answer.c takes what is answered. */
#include "aggregator/sentinel/watcher_state.h"

#define TELL_AGAIN_MS 1000
#define FULL_MS 50       /* all requests of the platform are taken */
#define PACE_MS 60       /* between requests: half of what is allowed */
#define BANDWIDTH_PACE_MS 1000
#define TIMEOUT_MS 15000

struct watcher *watcher_reserve(struct memory_map *map, uint32_t servers_max)
{
    struct watcher *w = memory_reserve(map, "sentinel: Vultr", 1, sizeof *w, "fixed");
    struct server *servers = memory_reserve(map, "sentinel: servers at Vultr", servers_max, sizeof *servers,
                                            "the server is counted and left out");
    struct memory_line *line = memory_last_line(map);
    char *pool = memory_reserve(map, "sentinel: JSON of a page", 1, VULTR_POOL_SIZE, "never full");
    if (w != NULL) {
        *w = (struct watcher){.request = -1, .servers_max = servers_max, .per_page = VULTR_PAGE_MAX};
        w->servers = servers;
        w->line = line;
        w->pool = pool;
        w->board.servers = servers;
    }
    return w;
}

void watcher_open(struct watcher *w, struct plat *p, struct store *s)
{
    w->plat = p;
    w->store = s;
}

const struct watcher_board *watcher_board(const struct watcher *w)
{
    return &w->board;
}

static bool is_same(const struct watcher_settings *a, const struct watcher_settings *b)
{
    return text_equal(a->url, b->url) && text_equal(a->key, b->key) && text_equal(a->ca_file, b->ca_file) &&
           a->interval_ms == b->interval_ms;
}

void watcher_configure(struct watcher *w, const struct watcher_settings *settings)
{
    w->next = *settings;
    w->has_next = !is_same(settings, &w->settings);
}

/* No request is under way: its texts may change. */
static void adopt(struct watcher *w, struct mono now)
{
    struct text t;
    w->has_next = false;
    w->settings = w->next;
    w->task = WATCHER_IDLE;
    w->failures = 0;
    w->round_due = w->retry_at = now;
    w->board.state = w->settings.key[0] != '\0' ? WATCHER_BEGUN : WATCHER_OFF;
    w->board.words[0] = '\0';
    text_init(&t, w->headers, sizeof w->headers);
    text_printf(&t, "Authorization: Bearer %s\nAccept: application/json\n", w->settings.key);
}

static int ask(struct watcher *w, struct mono now)
{
    const struct plat_request r = {
        .method = "GET", .url = w->url, .headers = w->headers, .body = "", .timeout_ms = TIMEOUT_MS,
        .ca_file = w->settings.ca_file, .aws_scope = "", .user = "", .password = "", .mail_from = "",
        .mail_to = "", .answer = w->answer, .answer_size = VULTR_ANSWER_SIZE};
    w->request = plat_request_start(w->plat, &r);
    if (w->request < 0) {
        w->retry_at = mono_after_ms(now, FULL_MS);
        return w->request;
    }
    w->board.requests++;
    w->board.asked_ms = wall_ms(plat_wall(w->plat));
    w->retry_at = mono_after_ms(now, PACE_MS);
    return ERR_OK;
}

static void put_encoded(struct text *t, const char *value)
{
    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                        c == '-' || c == '_' || c == '.' || c == '~';
        if (is_plain)
            text_put_char(t, (char)c);
        else
            text_printf(t, "%%%02X", c);
    }
}

static void ask_page(struct watcher *w, struct mono now)
{
    struct text t;
    text_init(&t, w->url, sizeof w->url);
    text_printf(&t, "%s/instances?per_page=%u", w->settings.url, w->per_page);
    if (w->cursor[0] != '\0') {
        text_put(&t, "&cursor=");
        put_encoded(&t, w->cursor);
    }
    (void)ask(w, now);
}

static void begin_round(struct watcher *w, struct mono now)
{
    w->task = WATCHER_LISTING;
    w->round++;
    w->round_before_ms = w->round_begun_ms;
    w->round_begun_ms = wall_ms(plat_wall(w->plat));
    w->cursor[0] = '\0';
    w->pages = 0;
    w->left_out = 0;
    w->round_due = mono_after_ms(now, w->settings.interval_ms);
}

/* The server whose bandwidth is due first. */
static struct server *next_bandwidth(struct watcher *w)
{
    struct server *first = NULL;
    for (uint32_t i = 0; i < w->board.server_count; i++) {
        struct server *s = &w->servers[i];
        bool is_asked = s->instance >= 0 && !s->is_gone;
        if (is_asked && (first == NULL || s->bandwidth_due.ns < first->bandwidth_due.ns))
            first = s;
    }
    return first;
}

static void ask_bandwidth(struct watcher *w, struct server *s, struct mono now)
{
    struct text t;
    text_init(&t, w->url, sizeof w->url);
    text_printf(&t, "%s/instances/", w->settings.url);
    put_encoded(&t, s->facts.id);
    text_put(&t, "/bandwidth?date_range=31");
    if (ask(w, now) < 0)
        return;
    w->task = WATCHER_BANDWIDTH;
    w->of = (uint32_t)(s - w->servers);
}

static struct mono ask_next(struct watcher *w, struct mono now)
{
    if (!mono_reached(now, w->retry_at))
        return w->retry_at;
    if (w->task == WATCHER_IDLE && mono_reached(now, w->round_due))
        begin_round(w, now);
    if (w->task == WATCHER_LISTING) {
        ask_page(w, now);
        return w->request < 0 ? w->retry_at : MONO_NEVER;
    }
    struct server *s = w->board.state == WATCHER_GOOD ? next_bandwidth(w) : NULL;
    if (s == NULL)
        return w->round_due;
    struct mono due = s->bandwidth_due.ns > w->bandwidth_at.ns ? s->bandwidth_due : w->bandwidth_at;
    if (!mono_reached(now, due))
        return mono_earlier(w->round_due, due);
    w->bandwidth_at = mono_after_ms(now, BANDWIDTH_PACE_MS);
    ask_bandwidth(w, s, now);
    return w->request < 0 ? w->retry_at : MONO_NEVER;
}

struct mono watcher_step(struct watcher *w, struct mono now)
{
    if (w->request >= 0) {
        const struct plat_answer *a = plat_request_answer(w->plat, w->request);
        if (a == NULL)
            return MONO_NEVER; /* plat_wait() wakes with the answer */
        watcher_take(w, a, now);
        plat_request_end(w->plat, w->request);
        w->request = -1;
        return now;
    }
    if (w->has_next)
        adopt(w, now);
    if (w->board.state == WATCHER_OFF)
        return MONO_NEVER;
    if (w->task == WATCHER_TELLING)
        return watcher_tell(w, now) < 0 ? mono_after_ms(now, TELL_AGAIN_MS) : now;
    return ask_next(w, now);
}
