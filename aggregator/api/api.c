/* SPDX-License-Identifier: MIT */
/* The room: its memory, its slots, its step. */
#include "aggregator/api/api.h"

#include "aggregator/api/access.h"
#include "aggregator/api/connection.h"
#include "aggregator/api/json_reader.h"
#include "aggregator/api/routes/handlers.h"

#define SWEEP_MS 250    /* deadlines are looked at this often while somebody is connected */
#define IDLE_SWEEP_MS 5000
#define BLOCKED_MS 5
/* Places beside those of the clients, so that commands are heard however many clients there are. */
#define COMMANDS_MAX 2U
#define REFUSALS_MAX 8U /* newcomers who are being told that all slots are taken */
/* Who keeps its slot when somebody new comes: a request follows its connection by a round trip or two. */
#define BEHIND_MS_MOST 250
/* So long after somebody found no slot, each is given back after one answer, so that they take turns. */
#define CROWDED_MS 1000

/* A newcomer without a slot: has its 503, and a moment to read it; or shakes hands first. */
struct refusal {
    int conn; /* -1 when free */
    bool is_told;
    struct mono deadline;
};

struct api {
    struct world world;
    struct live *live;
    struct connection *connections;
    struct memory_line *line;
    uint32_t capacity, count;
    uint32_t next_free;       /* where the search for a free slot begins */
    uint16_t *slot_of_handle; /* by number of the platform's connection; may be out of date */
    uint32_t handles_max;
    uint32_t *waiting;        /* slots that continue_responses() looks after */
    uint32_t waiting_count;
    struct refusal refusals[REFUSALS_MAX];
    struct mono next_sweep;
};

struct api *api_reserve(struct memory_map *map, const struct api_limits *limits)
{
    uint32_t n = limits->connections_max + COMMANDS_MAX;
    struct api *a = memory_reserve(map, "api: routes and counters", 1, sizeof(*a), "never full");
    struct connection *connections = memory_reserve(map, "api: connections", n, sizeof(*connections),
                                                    "the newcomer gets 503 and is closed");
    struct memory_line *line = memory_last_line(map);
    struct http_request *requests =
        memory_reserve(map, "api: parsed requests", n, sizeof(*requests), "as connections");
    struct exchange *exchanges =
        memory_reserve(map, "api: responses in the making", n, sizeof(*exchanges), "as connections");
    char *rx = memory_reserve(map, "api: receive buffers", n, CONNECTION_RX_SIZE,
                              "a longer head is refused; a longer body takes one of the large buffers");
    char *tx = memory_reserve(map, "api: transmit buffers", n, CONNECTION_TX_SIZE,
                              "the response waits for its client; live updates are left out and counted");
    struct world counting = {0};
    uint16_t *slot_of_handle = memory_reserve(map, "api: slots by connection", limits->handles_max,
                                              sizeof(*slot_of_handle), "never full");
    uint32_t *waiting =
        memory_reserve(map, "api: responses that wait", n, sizeof(*waiting), "as connections");
    body_pool_reserve(map, a == NULL ? NULL : &a->world.bodies, limits->bodies_max, limits->body_size);
    struct world *world = a == NULL ? &counting : &a->world;
    json_pool_reserve(map, &world->json_pool, limits->body_size);
    metrics_reserve(map, world);
    exposition_reserve(map, world);
    across_reserve(map, world);
    promql_routes_reserve(map, world);
    notes_reserve(map, world);
    silences_reserve(map, world);
    checks_reserve(map, world);
    backtest_reserve(map, world);
    forecast_reserve(map, world);
    words_reserve(map, world, limits->instances_max);
    world->catalog = catalog_reserve(map, limits->instances_max, limits->series_per_instance_max);
    struct push *push = push_reserve(map, limits->instances_max);
    access_reserve_room(map, a == NULL ? &counting.access : &a->world.access);
    struct live *live = live_reserve(map, limits->websockets_max, limits->instances_max);
    if (a == NULL)
        return NULL;
    a->world.push = push;
    a->live = live;
    a->connections = connections;
    a->line = line;
    a->capacity = n;
    a->slot_of_handle = slot_of_handle;
    a->handles_max = limits->handles_max;
    a->waiting = waiting;
    for (uint32_t i = 0; i < n; i++)
        connections[i] = (struct connection){
            .world = &a->world,
            .live = live,
            .conn = -1,
            .rx = rx + (size_t)i * CONNECTION_RX_SIZE,
            .tx = tx + (size_t)i * CONNECTION_TX_SIZE,
            .request = &requests[i],
            .exchange = &exchanges[i],
        };
    for (uint32_t i = 0; i < REFUSALS_MAX; i++)
        a->refusals[i].conn = -1;
    return a;
}

void api_open(struct api *a, struct plat *p, struct store *s, const struct memory_map *map,
              const struct api_options *options)
{
    struct world *w = &a->world;
    w->plat = p;
    w->store = s;
    w->map = map;
    catalog_open(w->catalog, s);
    access_open(&w->access, p, options);
    w->started = plat_mono(p);
    w->started_ms = wall_ms(plat_wall(p));
    self_watch_commits(w);
    w->is_commit_failing = false;
    a->next_sweep = w->started;
    push_open(w->push, p, s);
    live_open(a->live, w);
}

void api_rules(struct api *a, struct rule_book *book)
{
    a->world.book = book;
}

void api_configure(struct api *a, const struct api_options *options)
{
    a->world.is_demo = options->is_demo;
    access_open(&a->world.access, a->world.plat, options);
}

void api_sentinel(struct api *a, const struct sentinel_board *board)
{
    a->world.sentinel = board;
}

void api_board(struct api *a, const struct board *board)
{
    a->world.board = board;
}

void api_self_gauges(struct api *a, const struct api_gauge *gauges, uint32_t count)
{
    struct world *w = &a->world;
    w->gauge_count = count < API_GAUGES_MAX ? count : API_GAUGES_MAX;
    for (uint32_t i = 0; i < w->gauge_count; i++)
        w->gauges[i] = gauges[i];
}

/* --- connections --- */

static void count_connections(struct api *a)
{
    a->count = 0;
    for (uint32_t i = 0; i < a->capacity; i++)
        a->count += a->connections[i].state != CONNECTION_FREE;
    memory_use(a->line, a->count);
}

/* True when the 503 has been sent; false when the connection is not open yet, or not any more. */
static bool tell_full(struct api *a, int conn)
{
    static const char body[] = "{\"error\":\"Service Unavailable\",\"message\":\"all connections of the API "
                               "are taken; try again\"}";
    char answer[512];
    struct text t;
    text_init(&t, answer, sizeof(answer));
    text_printf(&t,
                "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
                "Content-Length: %u\r\nRetry-After: 2\r\nConnection: close\r\n\r\n%s",
                (unsigned)(sizeof(body) - 1), body);
    return plat_send(a->world.plat, conn, answer, t.length) > 0;
}

static void refuse(struct api *a, int conn, enum api_door door, struct mono now)
{
    a->world.stats.refused_full++;
    a->world.crowded_until = mono_after_ms(now, CROWDED_MS);
    bool is_told = tell_full(a, conn);
    bool may_stay = is_told || door == DOOR_TLS;
    for (uint32_t i = 0; may_stay && i < REFUSALS_MAX; i++)
        if (a->refusals[i].conn < 0) {
            int64_t stays_ms = is_told ? MS_PER_S : CONNECTION_HEAD_MS;
            a->refusals[i] = (struct refusal){conn, is_told, mono_after_ms(now, stays_ms)};
            return;
        }
    plat_close(a->world.plat, conn);
}

static void give_way(struct api *a, struct connection *c, struct mono now)
{
    connection_give_way(c, now);
    memory_use(a->line, --a->count);
    a->next_free = (uint32_t)(c - a->connections);
}

/* All places are taken: one that has kept us waiting too long, if any does. */
static bool make_place(struct api *a, uint32_t places, struct mono now)
{
    struct connection *slowest = NULL;
    int64_t most_ms = BEHIND_MS_MOST;
    for (uint32_t i = 0; i < places; i++) {
        int64_t behind_ms = connection_behind_ms(&a->connections[i], now);
        if (behind_ms < most_ms)
            continue;
        most_ms = behind_ms;
        slowest = &a->connections[i];
    }
    if (slowest == NULL)
        return false;
    give_way(a, slowest, now);
    return true;
}

/* Who is still shaking hands takes half of the places at most: beyond, the one that began first gives way. */
static void bound_handshakes(struct api *a, uint32_t places, struct mono now)
{
    struct connection *first = NULL;
    uint32_t shaking = 0;
    for (uint32_t i = 0; i < places; i++) {
        struct connection *c = &a->connections[i];
        bool is_shaking = c->state == CONNECTION_HEAD && c->exchange->door == DOOR_TLS &&
                          !plat_is_open(a->world.plat, c->conn);
        shaking += is_shaking;
        if (is_shaking && (first == NULL || c->moved.ns < first->moved.ns))
            first = c;
    }
    if (first != NULL && shaking * 2 >= places)
        give_way(a, first, now);
}

static struct connection *find_free(struct api *a, uint32_t places)
{
    for (uint32_t i = 0; i < places; i++) {
        struct connection *c = &a->connections[(a->next_free + i) % places];
        if (c->state == CONNECTION_FREE)
            return c;
    }
    return NULL;
}

void api_accept(struct api *a, int conn, enum api_door door, struct mono now)
{
    ASSERT(conn >= 0 && (uint32_t)conn < a->handles_max);
    a->next_sweep = mono_earlier(a->next_sweep, mono_after_ms(now, SWEEP_MS));
    uint32_t places = a->capacity - (door == DOOR_COMMAND ? 0 : COMMANDS_MAX);
    if (door == DOOR_TLS)
        bound_handshakes(a, places, now);
    struct connection *c = find_free(a, places);
    if (c == NULL && make_place(a, places, now))
        c = find_free(a, places);
    if (c == NULL) {
        refuse(a, conn, door, now);
        return;
    }
    connection_open(c, conn, door, now);
    uint32_t at = (uint32_t)(c - a->connections);
    a->slot_of_handle[conn] = (uint16_t)at;
    a->next_free = at + 1;
    a->world.stats.connections++;
    memory_use(a->line, ++a->count);
}

/* Takes what a refused newcomer still says until it has gone. */
static bool ready_refusal(struct api *a, int conn, struct mono now)
{
    for (uint32_t i = 0; i < REFUSALS_MAX; i++) {
        struct refusal *r = &a->refusals[i];
        if (r->conn != conn)
            continue;
        char scrap[512];
        if (!r->is_told && plat_is_open(a->world.plat, conn)) {
            r->is_told = tell_full(a, conn);
            r->deadline = mono_after_ms(now, MS_PER_S);
        }
        int n = plat_recv(a->world.plat, conn, scrap, sizeof(scrap));
        if (n <= 0 && n != ERR_AGAIN) {
            plat_close(a->world.plat, conn);
            r->conn = -1;
        }
        return true;
    }
    return false;
}

static void note_waiting(struct api *a, struct connection *c)
{
    if (c->is_waiting && !c->is_noted)
        a->waiting[a->waiting_count++] = (uint32_t)(c - a->connections);
    c->is_noted |= c->is_waiting;
}

bool api_ready(struct api *a, int conn, struct mono now)
{
    struct connection *c = &a->connections[a->slot_of_handle[conn]];
    if (c->conn != conn)
        return ready_refusal(a, conn, now);
    connection_ready(c, now);
    note_waiting(a, c);
    if (c->state == CONNECTION_FREE)
        memory_use(a->line, --a->count);
    return true;
}

/* --- steps --- */

static void sweep(struct api *a, struct mono now)
{
    for (uint32_t i = 0; i < a->capacity; i++) {
        struct connection *c = &a->connections[i];
        if (c->state != CONNECTION_FREE && mono_reached(now, c->deadline))
            connection_expire(c, now);
        else if (c->state == CONNECTION_WEBSOCKET &&
                 !access_is_still_good(c->exchange, wall_ms(plat_wall(a->world.plat))))
            connection_close_websocket(c, CLOSE_NOT_ALLOWED, now);
    }
    for (uint32_t i = 0; i < REFUSALS_MAX; i++) {
        struct refusal *r = &a->refusals[i];
        if (r->conn < 0 || !mono_reached(now, r->deadline))
            continue;
        plat_close(a->world.plat, r->conn);
        r->conn = -1;
    }
    self_watch_commits(&a->world);
    count_connections(a);
    a->next_sweep = mono_on_beat(mono_after_ms(now, a->count > 0 ? SWEEP_MS : IDLE_SWEEP_MS));
}

/* One slice more for every response that waits for work of its own. Returns when to come again. */
static struct mono continue_responses(struct api *a, struct mono now)
{
    struct mono again = MONO_NEVER;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < a->waiting_count; i++) {
        struct connection *c = &a->connections[a->waiting[i]];
        if (c->is_waiting)
            connection_continue(c, now);
        c->is_noted = c->is_waiting;
        if (!c->is_waiting)
            continue;
        a->waiting[kept++] = a->waiting[i];
        again = mono_earlier(again, c->is_blocked ? mono_after_ms(now, BLOCKED_MS) : now);
    }
    a->waiting_count = kept;
    return again;
}

struct mono api_step(struct api *a, struct mono now)
{
    bool has_more = live_step(a->live, now);
    struct mono again = continue_responses(a, now);
    if (has_more)
        again = now;
    if (mono_reached(now, a->next_sweep))
        sweep(a, now);
    return mono_earlier(again, a->next_sweep);
}

void api_close(struct api *a)
{
    for (uint32_t i = 0; i < a->capacity; i++) {
        struct connection *c = &a->connections[i];
        if (c->state == CONNECTION_WEBSOCKET)
            connection_close_websocket(c, CLOSE_GOING_AWAY, a->next_sweep);
        if (c->state != CONNECTION_FREE)
            connection_drop(c);
    }
    for (uint32_t i = 0; i < REFUSALS_MAX; i++)
        if (a->refusals[i].conn >= 0)
            plat_close(a->world.plat, a->refusals[i].conn);
}
