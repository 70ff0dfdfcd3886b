/* SPDX-License-Identifier: MIT */
/* The thread that runs all transfers: libcurl's multi interface, and nothing of the program's but slots. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include "platform/linux/http/http.h"

#define CONNECTIONS_KEPT 8L
#define CONNECTION_AGE_S 60L
#define ANSWER_BYTES_MAX (UINT32_C(4) << 20) /* beyond, the rest is not waited for */
#define IDLE_MS 60000
#define BUSY_MS 1000
#define BUFFER_BYTES 16384L
#define HEADER_SIZE_MAX 6144U      /* a line: a session's token of AWS takes some thousand bytes */

static size_t take_body(char *bytes, size_t one, size_t count, void *user)
{
    struct http_slot *s = user;
    size_t size = one * count, room = s->body_max - s->answer.body_size;
    size_t taken = size < room ? size : room;
    memcpy(s->body + s->answer.body_size, bytes, taken);
    s->answer.body_size += (uint32_t)taken;
    s->body[s->answer.body_size] = '\0';
    s->answer_bytes += (uint32_t)size;
    s->answer.truncated |= taken < size;
    bool is_enough = s->answer_bytes > ANSWER_BYTES_MAX || (s->request.is_look && s->answer.truncated);
    return is_enough ? 0 : size;
}

static void take_header_value(const char *line, size_t size, const char *name, char *to, size_t to_size)
{
    size_t length = strlen(name);
    if (size <= length || strncasecmp(line, name, length) != 0)
        return;
    while (length < size && (line[length] == ' ' || line[length] == '\t'))
        length++;
    while (size > length && (line[size - 1] == '\r' || line[size - 1] == '\n' || line[size - 1] == ' '))
        size--;
    size_t n = size - length < to_size - 1 ? size - length : to_size - 1;
    memcpy(to, line + length, n);
    to[n] = '\0';
}

/* A part of an address would be another one. */
static void take_location(const char *line, size_t size, struct plat_answer *a)
{
    char value[sizeof a->location + 1] = "";
    take_header_value(line, size, "location:", value, sizeof value);
    if (value[0] != '\0' && !text_copy(a->location, sizeof a->location, value))
        a->location[0] = '\0';
}

static size_t take_header(char *line, size_t one, size_t count, void *user)
{
    struct plat_answer *a = &((struct http_slot *)user)->answer;
    size_t size = one * count;
    take_header_value(line, size, "retry-after:", a->retry_after, sizeof a->retry_after);
    take_location(line, size, a);
    take_header_value(line, size, "date:", a->date, sizeof a->date);
    take_header_value(line, size, "x-amzn-requestid:", a->request_id, sizeof a->request_id);
    return size;
}

static size_t give_body(char *to, size_t one, size_t count, void *user)
{
    struct http_slot *s = user;
    size_t left = s->request.body_size - s->body_read, room = one * count;
    size_t n = left < room ? left : room;
    memcpy(to, (const char *)s->request.body + s->body_read, n);
    s->body_read += (uint32_t)n;
    return n;
}

static CURLcode take_config(CURL *easy, void *config, void *user)
{
    struct http_slot *s = user;
    (void)easy;
    if (s->request.is_look)
        http_certificate_watch(config, s);
    return http_roots_use(config, s->request.ca_file, s->answer.why, sizeof s->answer.why)
               ? CURLE_OK
               : CURLE_SSL_CACERT_BADFILE;
}

/* "a\nb\n" or "a,b" as libcurl's list; false without memory. */
static bool add_pieces(void **list, const char *text, char between)
{
    char piece[HEADER_SIZE_MAX];
    for (const char *at = text; *at != '\0';) {
        const char *end = strchr(at, between);
        size_t size = end != NULL ? (size_t)(end - at) : strlen(at);
        if (size >= sizeof piece)
            return false;
        memcpy(piece, at, size);
        piece[size] = '\0';
        struct curl_slist *longer = size > 0 ? curl_slist_append(*list, piece) : *list;
        if (size > 0 && longer == NULL)
            return false;
        *list = longer;
        at += size + (end != NULL);
    }
    return true;
}

static void free_lists(struct http_slot *s)
{
    curl_slist_free_all(s->headers);
    curl_slist_free_all(s->addresses);
    curl_slist_free_all(s->recipients);
    s->headers = s->addresses = s->recipients = NULL;
}

static bool has_token(const struct plat_request *r)
{
    return r->jwt_key != NULL && r->jwt_key[0] != '\0';
}

/* False: without memory, or the key is not good, which `why` of the answer tells then. */
static bool add_token(struct http_slot *s)
{
    static const char name[] = "Authorization: Bearer ";
    const struct plat_request *r = &s->request;
    char line[sizeof name + HTTP_JWT_SIZE];
    if (!has_token(r))
        return true;
    const char *token = http_jwt(r->jwt_key, r->jwt_password, r->jwt_subject, plat_wall(NULL).ns / NS_PER_S,
                                 s->answer.why, sizeof s->answer.why);
    if (token == NULL)
        return false;
    snprintf(line, sizeof line, "%s%s", name, token);
    struct curl_slist *longer = curl_slist_append(s->headers, line);
    s->headers = longer != NULL ? longer : s->headers;
    return longer != NULL;
}

/* A clock that is off is the one thing that the next token can mend. */
static void forget_token(const struct http_slot *s)
{
    time_t theirs_s = s->answer.date[0] != '\0' ? curl_getdate(s->answer.date, NULL) : -1;
    int64_t now_s = plat_wall(NULL).ns / NS_PER_S;
    http_jwt_refused(s->request.jwt_key, s->request.jwt_subject,
                     theirs_s > 0 ? (int64_t)theirs_s - now_s : 0);
}

static void set_mail(struct http_slot *s, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, s->request.mail_from);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, s->recipients);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(easy, CURLOPT_READDATA, s);
    curl_easy_setopt(easy, CURLOPT_USE_SSL,
                     s->request.needs_tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_NONE);
}

/* When a connection that was kept breaks before an answer, libcurl sends the request again by itself. It may
 * have been carried out: who asked for it decides whether it goes again. */
static int send_once(void *ctx, char *address, char *local, int port, int local_port)
{
    struct http_slot *s = ctx;
    (void)address;
    (void)local;
    (void)port;
    (void)local_port;
    return s->times_sent++ == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static void set_http(struct http_slot *s, CURL *easy)
{
    bool is_get = text_equal(s->request.method, "GET");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, s->headers);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, is_get ? NULL : s->request.method);
    if (!is_get) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)s->request.body_size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, s->request.body);
        curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, send_once);
        curl_easy_setopt(easy, CURLOPT_PREREQDATA, s);
    }
    if (s->request.aws_scope[0] != '\0')
        curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, s->request.aws_scope);
}

/* A look at a port: libcurl connects, and that is all. */
static const char *look_at_port(struct http_slot *s, CURL *easy)
{
    const char *url = s->request.url;
    bool is_tls = text_starts(url, "tls://");
    if (!is_tls && !text_starts(url, "tcp://"))
        return url;
    struct text t;
    text_init(&t, s->look_url, sizeof s->look_url);
    text_printf(&t, "%s://%s/", is_tls ? "https" : "http", url + strlen("tcp://"));
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    return s->look_url;
}

static bool set_up(struct http *h, struct http_slot *s, int64_t left_ms)
{
    CURL *easy = s->easy;
    const struct plat_request *r = &s->request;
    (void)h;
    if (!add_token(s) || !add_pieces(&s->headers, r->headers, '\n') ||
        !add_pieces(&s->headers, "Expect:", '\n') ||
        !add_pieces(&s->addresses, s->resolve, '\n') || !add_pieces(&s->recipients, r->mail_to, ','))
        return false;
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, s);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "nephos/" NEPHOS_VERSION); /* no header: it is not signed */
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https,smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_RESOLVE, s->addresses);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)left_ms);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, BUFFER_BYTES);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, CONNECTION_AGE_S);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, s->error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, s);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    /* libcurl does not know which certificates a connection was verified with, and must not use one again for
     * a request that trusts others: with certificates of its own, a request has a connection of its own. */
    long is_own = r->ca_file[0] != '\0' || r->is_look;
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, is_own);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, is_own);
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, !is_own ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, take_config);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, s);
    curl_easy_setopt(easy, CURLOPT_USERNAME, r->user[0] != '\0' ? r->user : NULL);
    curl_easy_setopt(easy, CURLOPT_PASSWORD, r->password[0] != '\0' ? r->password : NULL);
    if (r->mail_from[0] != '\0')
        set_mail(s, easy);
    else
        set_http(s, easy);
    return curl_easy_setopt(easy, CURLOPT_URL, look_at_port(s, easy)) == CURLE_OK;
}

static void hand_back(struct http *h, struct http_slot *s)
{
    uint64_t one = 1;
    free_lists(s);
    pthread_mutex_lock(&h->mutex);
    s->state = HTTP_DONE;
    pthread_mutex_unlock(&h->mutex);
    (void)!write(h->to_program, &one, sizeof one);
}

static const char *words_of(CURLcode code, const char *error)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return "no answer in time";
    case CURLE_COULDNT_CONNECT: return "cannot connect: nobody listens there, or a firewall drops it";
    case CURLE_PEER_FAILED_VERIFICATION:
        return "its certificate is not good: not of a CA that is trusted here, "
               "expired, or of another host; see ca_file";
    case CURLE_SSL_CONNECT_ERROR: return "the TLS handshake failed; is it a TLS port?";
    case CURLE_OUT_OF_MEMORY: return "the memory of outbound requests is used up";
    case CURLE_ABORTED_BY_CALLBACK:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR: return "the connection broke";
    case CURLE_LOGIN_DENIED: return "the server does not take user and password";
    case CURLE_USE_SSL_FAILED: return "the server offers no STARTTLS";
    default: return error[0] != '\0' ? error : curl_easy_strerror(code);
    }
}

/* libcurl counts from when it was told of the request. */
static void take_times(struct http_slot *s)
{
    const struct {
        CURLINFO info;
        uint32_t *to;
    } parts[] = {{CURLINFO_CONNECT_TIME_T, &s->answer.times.connected_us},
                 {CURLINFO_APPCONNECT_TIME_T, &s->answer.times.secured_us},
                 {CURLINFO_STARTTRANSFER_TIME_T, &s->answer.times.first_byte_us},
                 {CURLINFO_TOTAL_TIME_T, &s->answer.times.over_us}};
    for (uint32_t i = 0; i < COUNT_OF(parts); i++) {
        curl_off_t us = 0;
        curl_easy_getinfo(s->easy, parts[i].info, &us);
        *parts[i].to = us > 0 ? s->begun_us + (uint32_t)us : 0;
    }
    if (s->answer.status == 0) /* libcurl sets it at the end, whatever the end was */
        s->answer.times.first_byte_us = 0;
}

static void finish(struct http *h, struct http_slot *s, CURLcode code)
{
    long status = 0;
    curl_off_t sent = 0;
    curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(s->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    bool is_mail = s->request.mail_from[0] != '\0';
    bool has_answer = code == CURLE_OK || (code == CURLE_WRITE_ERROR && s->answer.truncated) ||
                      (is_mail && status >= 400);
    bool is_port = s->request.is_look && s->look_url[0] != '\0';
    s->answer.status = has_answer ? (is_port ? 1 : (uint32_t)status) : 0;
    if (s->request.is_look)
        take_times(s);
    if (code == CURLE_PEER_FAILED_VERIFICATION && s->certificate_flags != 0)
        http_certificate_words(s->certificate_flags, s->answer.why, sizeof s->answer.why);
    s->answer.may_have_arrived = !has_answer && (sent > 0 || s->body_read > 0 || s->times_sent > 0);
    if (s->answer.status == 401 && has_token(&s->request))
        forget_token(s);
    if (code != CURLE_OK && s->answer.why[0] == '\0')
        (void)text_copy(s->answer.why, sizeof s->answer.why, words_of(code, s->error));
    hand_back(h, s);
}

static void fail_slot(struct http *h, struct http_slot *s, const char *why)
{
    if (s->answer.why[0] == '\0')
        (void)text_copy(s->answer.why, sizeof s->answer.why, why);
    hand_back(h, s);
}

static uint32_t running_count(const struct http *h)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < h->slot_count; i++)
        n += h->slots[i].state == HTTP_RUNNING;
    return n;
}

static void begin(struct http *h, CURLM *multi, struct http_slot *s)
{
    bool is_alone = running_count(h) == 1;
    int64_t left_ms = (int64_t)s->request.timeout_ms -
                      (plat_mono(NULL).ns - s->started.ns) / NS_PER_MS;
    bool is_secure = text_starts(s->request.url, "https:") || text_starts(s->request.url, "smtps:") ||
                     text_starts(s->request.url, "tls:") || s->request.needs_tls;
    s->begun_us = (uint32_t)((plat_mono(NULL).ns - s->started.ns) / 1000);
    s->certificate_flags = 0;
    s->look_url[0] = '\0';
    if (left_ms <= 0)
        fail_slot(h, s, "no answer in time");
    else if (is_secure &&
             !http_roots_read(s->request.ca_file, is_alone, s->answer.why, sizeof s->answer.why))
        fail_slot(h, s, "");
    else if (!set_up(h, s, left_ms) || curl_multi_add_handle(multi, s->easy) != CURLM_OK)
        fail_slot(h, s, "the memory of outbound requests is used up, or the address is not one");
}

static void begin_handed(struct http *h, CURLM *multi)
{
    for (uint32_t i = 0; i < h->slot_count; i++) {
        struct http_slot *s = &h->slots[i];
        pthread_mutex_lock(&h->mutex);
        bool is_handed = s->state == HTTP_HANDED;
        if (is_handed)
            s->state = HTTP_RUNNING;
        pthread_mutex_unlock(&h->mutex);
        if (is_handed)
            begin(h, multi, s);
    }
}

static void finish_done(struct http *h, CURLM *multi)
{
    CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(multi, &left)) != NULL) {
        struct http_slot *s = NULL;
        CURLcode code = m->data.result;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURL *easy = m->easy_handle;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&s);
        curl_multi_remove_handle(multi, easy);
        finish(h, s, code);
    }
}

void *http_worker(void *context)
{
    struct http *h = context;
    http_pool_start(h->pool, (size_t)h->pool_size);
    bool is_good = curl_global_init_mem(CURL_GLOBAL_ALL, http_malloc, http_free, http_realloc, http_strdup,
                                        http_calloc) == CURLE_OK;
    CURLM *multi = is_good ? curl_multi_init() : NULL;
    for (uint32_t i = 0; i < h->slot_count; i++)
        h->slots[i].easy = is_good ? curl_easy_init() : NULL;
    ASSERT(multi != NULL && h->slots[h->slot_count - 1].easy != NULL); /* the pool is as large as they need */
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
    for (;;) {
        int running = 0;
        uint64_t count;
        struct curl_waitfd wake = {.fd = h->to_thread, .events = CURL_WAIT_POLLIN};
        begin_handed(h, multi);
        curl_multi_perform(multi, &running);
        finish_done(h, multi);
        curl_multi_poll(multi, &wake, 1, running > 0 ? BUSY_MS : IDLE_MS, NULL);
        if ((wake.revents & CURL_WAIT_POLLIN) != 0)
            (void)!read(h->to_thread, &count, sizeof count);
        pthread_mutex_lock(&h->mutex);
        bool is_ending = h->is_ending;
        pthread_mutex_unlock(&h->mutex);
        if (is_ending)
            return NULL;
    }
}
