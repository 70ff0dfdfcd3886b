/* SPDX-License-Identifier: MIT */
/* Many WebSocket clients in one light process: listeners PORT COUNT WARM_S SECONDS [SUBSCRIBE]
 *
 * All connect to ws://127.0.0.1:PORT/ws and say SUBSCRIBE, if given. For SECONDS after WARM_S the messages
 * with a "t":[...] are counted, and the time from the last number in there (wall clock, milliseconds) to
 * their arrival. Prints one line of JSON, with the CPU that this process took meanwhile, to be kept apart. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RX_SIZE 32768U
#define TENTHS_MAX 100000U /* of a millisecond */

struct listener {
    int socket;
    uint32_t size;
    char rx[RX_SIZE];
};

static uint32_t histogram[TENTHS_MAX];
static uint64_t messages, bytes, timed, missed;
static int is_counting;

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void send_all(int socket, const char *from, size_t size)
{
    if (send(socket, from, size, 0) != (ssize_t)size)
        fail("send");
}

static void open_listener(struct listener *l, uint16_t port, const char *words)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (l->socket < 0 || connect(l->socket, (struct sockaddr *)&to, sizeof to) < 0)
        fail("connect");
    static const char head[] = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                               "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    send_all(l->socket, head, sizeof head - 1);
    char answer[2048];
    size_t size = 0;
    while (memmem(answer, size, "\r\n\r\n", 4) == NULL) {
        ssize_t n = recv(l->socket, answer + size, 1, 0);
        if (n <= 0 || ++size == sizeof answer)
            fail("handshake");
    }
    if (memcmp(answer, "HTTP/1.1 101", 12) != 0) {
        fprintf(stderr, "refused: %.*s\n", (int)size, answer);
        exit(1);
    }
    size_t length = strlen(words), header = length < 126 ? 6 : 8;
    char frame[1024] = {(char)0x81, (char)(0x80 | (length < 126 ? length : 126))}; /* masked with zeros */
    if (length >= 126) {
        frame[2] = (char)(length >> 8);
        frame[3] = (char)length;
    }
    if (length > 0 && length < sizeof frame - header) {
        memcpy(frame + header, words, length);
        send_all(l->socket, frame, length + header);
    }
    fcntl(l->socket, F_SETFL, O_NONBLOCK);
}

static void take_message(const char *at, uint32_t size)
{
    if (!is_counting)
        return;
    const char *t = memmem(at, size, "\"t\":[", 5);
    missed += t == NULL && memmem(at, size, "\"missed\"", 8) != NULL;
    if (t == NULL)
        return;
    messages++;
    bytes += size;
    int64_t sent_ms = 0;
    for (t += 5; *t != ']'; t++)
        sent_ms = *t == ',' ? 0 : sent_ms * 10 + (*t - '0');
    int64_t tenths = now_us(CLOCK_REALTIME) / 100 - sent_ms * 10;
    tenths = tenths < 0 ? 0 : tenths < TENTHS_MAX ? tenths : TENTHS_MAX - 1;
    histogram[tenths]++;
    timed++;
}

/* Whole frames at the start of rx; what is left moves there. */
static void take_frames(struct listener *l)
{
    uint32_t at = 0;
    while (l->size - at >= 4) {
        const uint8_t *f = (const uint8_t *)l->rx + at;
        uint32_t size = f[1] & 0x7f, head = size == 126 ? 4 : 2;
        if (size == 126)
            size = (uint32_t)f[2] << 8 | f[3];
        if (l->size - at < head + size)
            break;
        if ((f[0] & 0x0f) == 1)
            take_message(l->rx + at + head, size);
        if ((f[0] & 0x0f) == 9) /* a ping: an empty pong, masked */
            send_all(l->socket, "\x8a\x80\0\0\0\0", 6);
        at += head + size;
    }
    memmove(l->rx, l->rx + at, l->size - at);
    l->size -= at;
}

static void receive(struct listener *l)
{
    ssize_t n = recv(l->socket, l->rx + l->size, RX_SIZE - l->size, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        fprintf(stderr, "the server closed a connection\n");
        exit(1);
    }
    if (n > 0)
        l->size += (uint32_t)n;
    take_frames(l);
}

static double percentile(uint32_t permille)
{
    uint64_t below = 0;
    for (uint32_t i = 0; i < TENTHS_MAX; i++)
        if ((below += histogram[i]) * 1000 >= timed * permille)
            return i / 10.0;
    return 0;
}

static int64_t own_cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * INT64_C(1000000) + u.ru_utime.tv_usec +
           u.ru_stime.tv_usec;
}

int main(int argc, char *argv[])
{
    if (argc < 5) {
        fprintf(stderr, "usage: listeners PORT COUNT WARM_S SECONDS [SUBSCRIBE]\n");
        return 64;
    }
    uint32_t count = (uint32_t)strtoul(argv[2], NULL, 10);
    int64_t warm_us = strtol(argv[3], NULL, 10) * INT64_C(1000000);
    int64_t length_us = strtol(argv[4], NULL, 10) * INT64_C(1000000);
    struct listener *all = calloc(count, sizeof *all);
    int poll = epoll_create1(0);
    if (all == NULL || poll < 0)
        fail("start");
    for (uint32_t i = 0; i < count; i++) {
        open_listener(&all[i], (uint16_t)strtoul(argv[1], NULL, 10), argc > 5 ? argv[5] : "");
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &all[i]};
        epoll_ctl(poll, EPOLL_CTL_ADD, all[i].socket, &e);
    }
    printf("ready\n");
    fflush(stdout);
    int64_t began = now_us(CLOCK_MONOTONIC) + warm_us, cpu = 0;
    for (int64_t now = 0; (now = now_us(CLOCK_MONOTONIC)) < began + length_us;) {
        if (!is_counting && now >= began) {
            is_counting = 1;
            cpu = own_cpu_us();
            printf("begin\n");
            fflush(stdout);
        }
        struct epoll_event events[256];
        int n = epoll_wait(poll, events, 256, 50);
        for (int i = 0; i < n; i++)
            receive(events[i].data.ptr);
    }
    printf("{\"messages\":%llu,\"bytes\":%llu,\"missed\":%llu,\"p50_ms\":%.1f,\"p99_ms\":%.1f,"
           "\"most_ms\":%.1f,\"cpu_us\":%lld}\n",
           (unsigned long long)messages, (unsigned long long)bytes, (unsigned long long)missed,
           percentile(500), percentile(990), percentile(1000), (long long)(own_cpu_us() - cpu));
    return 0;
}
