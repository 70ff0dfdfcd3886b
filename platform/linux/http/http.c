/* SPDX-License-Identifier: MIT */
/* The program's side of outbound requests: slots, look-ups, and the thread's beginning and end. */
#include "platform/linux/http/http.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/linux/plat.h"

/* libcurl's thread was seen to use 20 KiB; certificates with large RSA keys take more. */
#define STACK_SIZE (256U * 1024U)
/* The system's certificates, and a connection with its buffers for each slot; doubled for those that are
 * kept open. */
#define POOL_SIZE_BASE (UINT64_C(1536) * 1024U)
#define POOL_SIZE_SLOT (UINT64_C(192) * 1024U)

struct http *plat_http_reserve(struct memory_map *map, uint32_t requests_max)
{
    struct http counting = {0};
    struct http *real = memory_reserve(map, "outbound: state", 1, sizeof *real, "fixed");
    struct http *h = real != NULL ? real : &counting;
    h->slot_count = requests_max;
    h->slots = memory_reserve(map, "outbound: requests", requests_max, sizeof *h->slots,
                              "the request waits for its turn");
    h->slots_line = memory_last_line(map);
    h->pool_size = POOL_SIZE_BASE + requests_max * POOL_SIZE_SLOT;
    h->pool = memory_reserve(map, "outbound: HTTP and TLS", 1, h->pool_size,
                             "the request fails and is tried again");
    h->stack = memory_reserve(map, "outbound: stack", 1, STACK_SIZE, "fixed");
    return real;
}

int plat_http_start(struct plat *p, struct http *h)
{
    pthread_attr_t attributes;
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = WATCH_OUTBOUND};
    if (h->slot_count == 0)
        return ERR_OK;
    h->to_thread = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    h->to_program = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool good = h->to_thread >= 0 && h->to_program >= 0 && pthread_mutex_init(&h->mutex, NULL) == 0 &&
                pthread_attr_init(&attributes) == 0 &&
                pthread_attr_setstack(&attributes, h->stack, STACK_SIZE) == 0 &&
                epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, h->to_program, &e) == 0 &&
                pthread_create(&h->thread, &attributes, http_worker, h) == 0;
    if (!good) {
        plat_log(p, LOG_ERROR, "outbound requests cannot be started: %s", errno_words(errno));
        return ERR_SYSTEM;
    }
    h->is_running = true;
    p->outbound_fd = h->to_program;
    p->http = h;
    return ERR_OK;
}

static void wake_thread(struct http *h)
{
    uint64_t one = 1;
    (void)!write(h->to_thread, &one, sizeof one);
}

void plat_http_stop(struct plat *p)
{
    struct http *h = p->http;
    if (h == NULL || !h->is_running)
        return;
    pthread_mutex_lock(&h->mutex);
    h->is_ending = true;
    pthread_mutex_unlock(&h->mutex);
    wake_thread(h);
    (void)pthread_join(h->thread, NULL);
    h->is_running = false;
    p->outbound_fd = NONE;
    p->http = NULL;
    close(h->to_thread);
    close(h->to_program);
}

/* --- the address of the host --- */

/* "HOST:PORT" of a URL, the port that of its scheme when there is none. */
static int put_address(const char *url, struct text *to)
{
    static const struct {
        const char *scheme, *port;
    } schemes[] = {{"http://", "80"}, {"https://", "443"}, {"smtp://", "25"}, {"smtps://", "465"},
                   {"tcp://", NULL},  {"tls://", NULL},    {"dns://", "53"}};
    for (uint32_t i = 0; i < COUNT_OF(schemes); i++) {
        if (!text_starts(url, schemes[i].scheme))
            continue;
        const char *host = url + strlen(schemes[i].scheme);
        uint32_t length = (uint32_t)strcspn(host, "/?#");
        if (length == 0 || memchr(host, '@', length) != NULL)
            return ERR_MALFORMED;
        const char *colon = memchr(host, host[0] == '[' ? ']' : ':', length);
        bool has_port = colon != NULL && (host[0] != '[' || colon[1] == ':');
        text_put_n(to, host, length);
        if (!has_port && schemes[i].port == NULL)
            return ERR_MALFORMED;
        if (!has_port)
            text_printf(to, ":%s", schemes[i].port);
        return to->truncated ? ERR_MALFORMED : ERR_OK;
    }
    return ERR_MALFORMED;
}

static void hand_over(struct plat *p, struct http_slot *s)
{
    pthread_mutex_lock(&p->http->mutex);
    s->state = HTTP_HANDED;
    pthread_mutex_unlock(&p->http->mutex);
    wake_thread(p->http);
}

static uint32_t passed_us(const struct http_slot *s)
{
    return (uint32_t)((plat_mono(NULL).ns - s->started.ns) / 1000) + 1;
}

/* "ADDRESS,ADDRESS" */
static void put_addresses(const struct dial *d, struct text *t)
{
    for (uint32_t i = 0; i < d->address_count; i++) {
        struct sockaddr_storage to;
        char words[ADDRESS_TEXT_SIZE];
        (void)address_socket(&d->addresses[i], d->port, &to);
        address_text(&to, words, sizeof words);
        *strrchr(words, ':') = '\0';
        text_printf(t, "%s%s", i > 0 ? "," : "", words);
    }
}

/* A look at a name is over when there are addresses. */
static void finish_name(struct http_slot *s, const struct dial *d)
{
    struct text t;
    text_init(&t, s->body, s->body_max + 1);
    put_addresses(d, &t);
    s->answer.body_size = t.length;
    s->answer.truncated = t.truncated;
    s->answer.times.over_us = s->answer.times.found_us;
    s->answer.status = 1;
    s->state = HTTP_DONE;
}

/* The look-up is over: its addresses go along with the request. */
static void look_at_lookup(struct plat *p, struct http_slot *s)
{
    struct conn *c = conn_at(p, s->lookup);
    if (c->state == CONN_LOOKUP)
        return;
    if (c->state == CONN_FOUND) {
        const struct dial *d = &p->dials[c->dial];
        struct text t;
        bool is_v6 = strchr(d->host, ':') != NULL;
        text_init(&t, s->resolve, sizeof s->resolve);
        text_printf(&t, "%s%s%s:%u:", is_v6 ? "[" : "", d->host, is_v6 ? "]" : "", d->port);
        put_addresses(d, &t);
        s->answer.times.found_us = passed_us(s);
        if (text_starts(s->request.url, "dns://"))
            finish_name(s, d);
        plat_close(p, s->lookup);
        if (s->state != HTTP_DONE)
            hand_over(p, s);
        return;
    }
    (void)text_copy(s->answer.why, sizeof s->answer.why, plat_why(p, s->lookup));
    plat_close(p, s->lookup);
    s->state = HTTP_DONE;
}

/* --- platform/outbound.h --- */

static void use_line(struct http *h)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < h->slot_count; i++)
        used += h->slots[i].state != HTTP_FREE;
    memory_use(h->slots_line, used);
}

static void place_answer(struct http_slot *s, const struct plat_request *request)
{
    bool is_own = request->answer == NULL;
    ASSERT(is_own || request->answer_size > 0);
    memset(&s->answer, 0, sizeof s->answer);
    s->body = is_own ? s->own : request->answer;
    s->body_max = is_own ? PLAT_ANSWER_SIZE : request->answer_size - 1;
    s->body[0] = '\0';
    s->answer.body = s->body;
}

static bool is_look_only(const char *url)
{
    return text_starts(url, "tcp://") || text_starts(url, "tls://") || text_starts(url, "dns://");
}

int plat_request_start(struct plat *p, const struct plat_request *request)
{
    char address[DNS_NAME_SIZE + 8];
    struct text t;
    struct http *h = p->http;
    uint32_t i = 0;
    text_init(&t, address, sizeof address);
    if (put_address(request->url, &t) < 0 || (is_look_only(request->url) && !request->is_look))
        return ERR_MALFORMED;
    while (h != NULL && i < h->slot_count && h->slots[i].state != HTTP_FREE)
        i++;
    if (h == NULL || i == h->slot_count)
        return ERR_FULL;
    struct http_slot *s = &h->slots[i];
    int lookup = dial_lookup(p, address);
    if (lookup < 0)
        return lookup;
    s->lookup = lookup;
    s->state = HTTP_LOOKUP;
    s->request = *request;
    s->started = plat_mono(p);
    s->body_read = s->answer_bytes = s->times_sent = 0;
    s->error[0] = '\0';
    place_answer(s, request);
    look_at_lookup(p, s);
    use_line(h);
    return (int)i;
}

const struct plat_answer *plat_request_answer(struct plat *p, int request)
{
    ASSERT(p->http != NULL && request >= 0 && (uint32_t)request < p->http->slot_count);
    struct http_slot *s = &p->http->slots[request];
    if (s->state == HTTP_LOOKUP)
        look_at_lookup(p, s);
    if (s->state == HTTP_LOOKUP)
        return NULL;
    pthread_mutex_lock(&p->http->mutex);
    bool is_done = s->state == HTTP_DONE;
    pthread_mutex_unlock(&p->http->mutex);
    return is_done ? &s->answer : NULL;
}

void plat_request_end(struct plat *p, int request)
{
    ASSERT(p->http->slots[request].state == HTTP_DONE);
    p->http->slots[request].state = HTTP_FREE;
    use_line(p->http);
}
