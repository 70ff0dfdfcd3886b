/* SPDX-License-Identifier: MIT */
/* From "HOST:PORT" to a connected socket: numeric addresses, /etc/hosts, then the name servers of
 * /etc/resolv.conf over UDP; then each address in turn until one answers. libc's resolver blocks and
 * allocates, so it is not used. */
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform/linux/plat.h"

#define QUESTION_TIMEOUT_MS 2000
#define OTHER_FAMILY_GRACE_MS 100 /* one family has answered; how long to wait for the other */
#define ROUNDS 2U                 /* over all servers */
#define CONNECT_TIMEOUT_MS 10000
#define CONNECT_NEXT_TIMEOUT_MS 3000 /* while there are other addresses to try */
#define DNS_PORT 53U
#define WANT_A 1U
#define WANT_AAAA 2U

static void read_config(struct dns_config *config)
{
    char text[4096];
    int n = plat_linux_read_file("/etc/resolv.conf", text, sizeof text);
    dns_parse_config(text, n > 0 ? (uint32_t)n : 0, config);
}

static void add_address(struct dial *d, const struct ip *ip)
{
    if (d->address_count < DNS_ADDRESSES_MAX)
        d->addresses[d->address_count++] = *ip;
}

/* Line by line through a buffer: the file may be longer. */
static void look_into_hosts(struct dial *d)
{
    char buf[2048];
    int fd = open("/etc/hosts", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    uint32_t length = 0;
    for (;;) {
        ssize_t n = read(fd, buf + length, sizeof buf - length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n > 0)
            length += (uint32_t)n;
        uint32_t start = 0;
        const char *newline;
        while ((newline = memchr(buf + start, '\n', length - start)) != NULL || (n <= 0 && start < length)) {
            uint32_t end = newline != NULL ? (uint32_t)(newline - buf) : length;
            struct ip ip;
            if (dns_parse_hosts_line(buf + start, end - start, d->host, &ip))
                add_address(d, &ip);
            start = newline != NULL ? end + 1 : length;
        }
        if (n <= 0)
            break;
        /* A line longer than the buffer is no line of a hosts file: dropped. */
        length = length - start == sizeof buf ? 0 : length - start;
        memmove(buf, buf + start, length);
    }
    close(fd);
}

/* --- connecting --- */

/* Starts on the next address that the kernel takes; fails the connection when none is left. */
static void try_next_address(struct plat *p, struct conn *c, struct dial *d, int last_error)
{
    if (d->is_lookup) {
        c->state = CONN_FOUND;
        conn_deadline(p, c, MONO_NEVER);
        conn_ready(p, c);
        return;
    }
    while (d->address_next < d->address_count) {
        struct sockaddr_storage to;
        uint32_t to_size = address_socket(&d->addresses[d->address_next++], d->port, &to);
        address_text(&to, c->peer, sizeof c->peer);
        c->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (c->fd < 0) {
            c->fd = NONE;
            last_error = errno;
            continue;
        }
        if (connect(c->fd, (struct sockaddr *)&to, to_size) == 0 || errno == EINPROGRESS) {
            bool others = d->address_next < d->address_count;
            int64_t ms = others ? CONNECT_NEXT_TIMEOUT_MS : CONNECT_TIMEOUT_MS;
            c->state = CONN_CONNECT;
            conn_deadline(p, c, mono_after_ms(plat_mono(p), ms));
            conn_watch(p, c);
            return;
        }
        last_error = errno;
        close(c->fd);
        c->fd = NONE;
    }
    /* Who asked names what it asked for; the address behind a name is news. */
    if (strstr(c->peer, d->host) != NULL)
        conn_fail(p, c, "%s", errno_words(last_error));
    else
        conn_fail(p, c, "%s: %s", c->peer, errno_words(last_error));
}

static void give_socket_up(struct conn *c)
{
    close(c->fd);
    c->fd = NONE;
    c->events = NONE;
}

void dial_connected(struct plat *p, struct conn *c)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = errno;
    if (error == 0) {
        conn_connected(p, c); /* TLS may ask the dial for the host's name */
        dial_end(p, c);
        return;
    }
    give_socket_up(c);
    try_next_address(p, c, &p->dials[c->dial], error);
}

/* --- asking --- */

static void stop_asking(struct dial *d)
{
    if (d->fd != NONE)
        close(d->fd);
    d->fd = NONE;
}

static void asked_enough(struct plat *p, struct conn *c, struct dial *d)
{
    stop_asking(d);
    if (d->address_count > 0) {
        try_next_address(p, c, d, ETIMEDOUT);
    } else if (d->server_failed) {
        conn_fail(p, c, "cannot find the address of %s: no name server answers; see /etc/resolv.conf",
                  d->host);
    } else {
        conn_fail(p, c, "the name %s has no address: is it spelt right?", d->host);
    }
}

static bool send_question(struct dial *d, const char *name, enum dns_type type)
{
    uint8_t question[DNS_QUESTION_SIZE_MAX];
    uint16_t id = (uint16_t)(d->id + (type == DNS_AAAA ? 1 : 0));
    int size = dns_put_question(question, id, name, type);
    return size > 0 && send(d->fd, question, (size_t)size, MSG_NOSIGNAL) == size;
}

/* A fresh socket for each attempt: a new port and only answers of the server that was asked. */
static bool ask_server(struct plat *p, struct dial *d, const struct ip *server, const char *name)
{
    struct sockaddr_storage to;
    uint32_t to_size = address_socket(server, DNS_PORT, &to);
    stop_asking(d);
    d->fd = socket(to.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (d->fd < 0) {
        d->fd = NONE;
        return false;
    }
    plat_random(p, &d->id, sizeof d->id);
    d->waiting_for = WANT_A | WANT_AAAA;
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = WATCH_DIAL | (uint64_t)(d - p->dials)};
    if (connect(d->fd, (struct sockaddr *)&to, to_size) < 0 || !send_question(d, name, DNS_A) ||
        !send_question(d, name, DNS_AAAA) || epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, d->fd, &e) < 0) {
        stop_asking(d);
        return false;
    }
    return true;
}

/* Asks the next server of the round, or gives up. */
static void ask(struct plat *p, struct conn *c, struct dial *d)
{
    struct dns_config config;
    char name[DNS_NAME_SIZE];
    read_config(&config);
    for (; d->attempt < ROUNDS * config.server_count; d->attempt++) {
        if (!dns_candidate(&config, d->host, d->candidate, name))
            break;
        if (ask_server(p, d, &config.servers[d->attempt % config.server_count], name)) {
            d->attempt++;
            conn_deadline(p, c, mono_after_ms(plat_mono(p), QUESTION_TIMEOUT_MS));
            return;
        }
        d->server_failed = true;
    }
    asked_enough(p, c, d);
}

/* Both families have answered and there is no address: on to the next name of the search list. */
static void ask_next_candidate(struct plat *p, struct conn *c, struct dial *d)
{
    struct dns_config config;
    char name[DNS_NAME_SIZE];
    read_config(&config);
    d->candidate++;
    d->attempt = 0;
    if (dns_candidate(&config, d->host, d->candidate, name))
        ask(p, c, d);
    else
        asked_enough(p, c, d);
}

/* Takes one answer in. ERR_SYSTEM: this server cannot. */
static int take_answer(struct dial *d, const uint8_t *bytes, uint32_t size, const char *name)
{
    struct ip found[DNS_ADDRESSES_MAX];
    for (uint32_t want = WANT_A; want <= WANT_AAAA; want <<= 1) {
        if ((d->waiting_for & want) == 0)
            continue;
        enum dns_type type = want == WANT_A ? DNS_A : DNS_AAAA;
        uint16_t id = (uint16_t)(d->id + (type == DNS_AAAA ? 1 : 0));
        int n = dns_parse_answer(bytes, size, id, name, type, found, COUNT_OF(found) / 2);
        if (n == ERR_MALFORMED)
            continue;
        if (n == ERR_SYSTEM)
            return n;
        for (int i = 0; i < n; i++)
            add_address(d, &found[i]);
        d->waiting_for &= (uint8_t)~want;
        return ERR_OK;
    }
    return ERR_MALFORMED;
}

void dial_event(struct plat *p, uint32_t dial)
{
    ASSERT(dial < p->limits.dials_max);
    struct dial *d = &p->dials[dial];
    if (d->conn == NONE || d->fd == NONE)
        return;
    struct conn *c = conn_at(p, d->conn);
    struct dns_config config;
    char name[DNS_NAME_SIZE];
    uint8_t answer[DNS_ANSWER_SIZE_MAX];
    read_config(&config);
    if (!dns_candidate(&config, d->host, d->candidate, name))
        return; /* resolv.conf has changed under us: the deadline clears up */
    ssize_t n = recv(d->fd, answer, sizeof answer, 0);
    int result = n > 0 ? take_answer(d, answer, (uint32_t)n, name) : ERR_SYSTEM;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (result == ERR_SYSTEM) { /* refused, or nobody listens there */
        d->server_failed = true;
        ask(p, c, d);
    } else if (result == ERR_OK && d->waiting_for == 0) {
        d->server_failed = false;
        if (d->address_count > 0)
            asked_enough(p, c, d);
        else
            ask_next_candidate(p, c, d);
    } else if (result == ERR_OK && d->address_count > 0) {
        conn_deadline(p, c, mono_after_ms(plat_mono(p), OTHER_FAMILY_GRACE_MS));
    }
}

void dial_expired(struct plat *p, struct conn *c)
{
    struct dial *d = &p->dials[c->dial];
    if (c->state == CONN_CONNECT) {
        give_socket_up(c);
        try_next_address(p, c, d, ETIMEDOUT);
    } else if (d->address_count > 0) {
        asked_enough(p, c, d);
    } else {
        d->server_failed = true;
        ask(p, c, d);
    }
}

/* --- beginning and end --- */

/* There at once, or not at all. */
int dial_local(struct plat *p, struct conn *c, const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    char full[PATH_SIZE];
    if (c->security != PLAT_PLAIN || host_path(p, path, full) < 0 ||
        !text_copy(to.sun_path, sizeof to.sun_path, full))
        return ERR_MALFORMED;
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        c->fd = NONE;
        return ERR_SYSTEM;
    }
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0)
        return errno == EACCES ? ERR_DENIED : errno == EAGAIN ? ERR_BUSY : ERR_MISSING;
    conn_connected(p, c);
    return ERR_OK;
}

static int start(struct plat *p, struct conn *c, const char *address, bool is_lookup)
{
    uint32_t i = 0;
    while (i < p->limits.dials_max && p->dials[i].conn != NONE)
        i++;
    if (i == p->limits.dials_max)
        return ERR_FULL;
    struct dial *d = &p->dials[i];
    *d = (struct dial){.conn = NONE, .fd = NONE, .is_lookup = is_lookup};
    if (address_split(address, d->host, sizeof d->host, &d->port) < 0 || d->port == 0)
        return ERR_MALFORMED;
    struct ip ip;
    uint8_t question[DNS_QUESTION_SIZE_MAX];
    if (ip_parse(d->host, &ip)) {
        add_address(d, &ip);
    } else {
        if (dns_put_question(question, 0, d->host, DNS_A) < 0 && d->host[strlen(d->host) - 1] != '.')
            return ERR_MALFORMED;
        look_into_hosts(d);
    }
    d->conn = conn_index(p, c);
    c->dial = (int32_t)i;
    if (d->address_count > 0)
        try_next_address(p, c, d, ETIMEDOUT);
    else
        ask(p, c, d);
    return ERR_OK;
}

int dial_start(struct plat *p, struct conn *c, const char *address)
{
    return start(p, c, address, false);
}

int dial_lookup(struct plat *p, const char *address)
{
    struct conn *c = conn_new(p, PLAT_PLAIN);
    if (c == NULL)
        return ERR_FULL;
    c->state = CONN_LOOKUP;
    int index = conn_index(p, c), result = start(p, c, address, true);
    if (result < 0) {
        c->state = CONN_FAILED;
        plat_close(p, index);
    }
    return result < 0 ? result : index;
}

void dial_end(struct plat *p, struct conn *c)
{
    if (c->dial == NONE)
        return;
    struct dial *d = &p->dials[c->dial];
    stop_asking(d);
    d->conn = NONE;
    c->dial = NONE;
}
