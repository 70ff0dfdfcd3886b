/* SPDX-License-Identifier: MIT */
/* Outbound requests on Linux: libcurl in a thread of its own.
 *
 * Handshakes with strangers and their certificates are milliseconds of arithmetic, which the program's loop
 * must not wait for. So the loop finds the address of a host (dial.c) and hands the request over; the thread
 * runs all transfers side by side and hands answers back. A slot goes this way, and belongs to one side at a
 * time:
 *
 *   FREE -(start)-> LOOKUP -(answer)-> HANDED -(thread)-> RUNNING -(thread)-> DONE -(end)-> FREE
 *
 * libcurl, its build of mbedTLS and the three files that call them (worker.c, roots.c, pool.c) are linked
 * into one object, in which all names but http_... are local. Their memory is one fixed pool. */
#ifndef NEPHOS_LINUX_HTTP_H
#define NEPHOS_LINUX_HTTP_H

#include <pthread.h>

#include "platform/linux/dns.h"
#include "platform/linux/http/plat_http.h"
#include "platform/outbound.h"

#define HTTP_RESOLVE_SIZE (DNS_NAME_SIZE + 16U + DNS_ADDRESSES_MAX * 48U)

enum http_state { HTTP_FREE, HTTP_LOOKUP, HTTP_HANDED, HTTP_RUNNING, HTTP_DONE };

struct http_slot {
    enum http_state state;      /* changed under the mutex once it is HANDED */
    int lookup;                 /* connection index of the look-up */
    struct plat_request request;
    struct mono started;
    char resolve[HTTP_RESOLVE_SIZE]; /* "host:port:address,address" */
    struct plat_answer answer;
    char *body;                 /* `own`, or what the caller brought */
    uint32_t body_max;          /* bytes before its end */
    char own[PLAT_ANSWER_SIZE + 1];
    /* the thread's */
    void *easy;                 /* CURL * */
    void *headers, *addresses, *recipients; /* struct curl_slist * */
    uint32_t body_read, answer_bytes;
    uint32_t times_sent;             /* that libcurl was about to send it */
    uint32_t begun_us;          /* from `started` until it was handed to libcurl */
    uint32_t certificate_flags; /* what mbedTLS has against the certificates of a look */
    char look_url[DNS_NAME_SIZE + 24U]; /* what libcurl is told for tcp:// and tls:// */
    char error[256];            /* CURL_ERROR_SIZE */
};

struct http {
    pthread_t thread;
    pthread_mutex_t mutex;
    bool is_running, is_ending;
    int to_thread, to_program;  /* eventfd */
    struct http_slot *slots;
    uint32_t slot_count;
    uint8_t *pool, *stack;
    uint64_t pool_size;
    struct memory_line *slots_line;
};

/* pool.c */
void http_pool_start(void *block, size_t size);
void *http_malloc(size_t size);
void *http_calloc(size_t count, size_t size);
void *http_realloc(void *memory, size_t size);
void http_free(void *memory);
char *http_strdup(const char *text);
/* In place of libc's, which is faulty; for short lists. */
void http_qsort(void *list, size_t count, size_t size, int (*compare)(const void *a, const void *b));
/* In place of functions that nothing should reach: they say no. */
void *http_no_file(const char *name, const char *mode);
int http_no_lookup(const char *name, const char *service, const void *hints, void *result);
void http_no_lookup_end(void *result);
int http_no_addresses(void *result);
void http_no_addresses_end(void *result);

/* roots.c */
/* Puts the certificates of `file` ("": the system's) into the configuration of a connection that is about to
 * be made. False when there are none; `why` then tells. */
bool http_roots_use(void *ssl_config, const char *file, char *why, size_t why_size);
/* Certificates of that file, read when they are not, or have changed while `may_read_again`. */
bool http_roots_read(const char *file, bool may_read_again, char *why, size_t why_size);

/* jwt.c */
#define HTTP_JWT_SIZE 2048U
/* The token of that key and subject, terminated, made when there is none that is good for a while: NULL when
 * the key is not good, `why` says what and what to do. Valid until the next call. */
const char *http_jwt(const char *key, const char *password, const char *subject, int64_t now_s, char *why,
                     size_t why_size);
/* It was not taken; their clock was `ahead_s` before ours. The next one is new, and by their clock. */
void http_jwt_refused(const char *key, const char *subject, int64_t ahead_s);

/* roots.c */
/* Certificates of the connection that is about to be made are told in the slot's answer, and what is wrong
 * with them in certificate_flags. */
void http_certificate_watch(void *ssl_config, struct http_slot *s);
/* The worst of those flags, in words. */
void http_certificate_words(uint32_t flags, char *to, size_t to_size);

/* worker.c */
void *http_worker(void *http);

#endif
