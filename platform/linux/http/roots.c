/* SPDX-License-Identifier: MIT */
/* The certificates that servers are verified with: parsed once and shared by all connections. libcurl would
 * parse all of the system's, half a megabyte, for each. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include "platform/linux/http/http.h"
#include "platform/base/calendar.h"
#include "platform/base/text.h"

#define FILES_MAX 8U
#define NAME_MAX_SIZE 256U
#define FILE_SIZE_MAX (1024 * 1024)

/* Where distributions keep the bundle. */
static const char *const system_files[] = {
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

/* libcurl's thread alone looks at it. */
static struct roots {
    bool is_used;
    char name[NAME_MAX_SIZE];
    struct timespec changed;
    off_t size;
    mbedtls_x509_crt chain;
} table[FILES_MAX];

static const char *name_of(const char *file)
{
    struct stat s;
    for (uint32_t i = 0; file[0] == '\0' && i < COUNT_OF(system_files); i++)
        if (stat(system_files[i], &s) == 0)
            return system_files[i];
    return file;
}

static struct roots *find(const char *name)
{
    for (uint32_t i = 0; i < FILES_MAX; i++)
        if (table[i].is_used && text_equal(table[i].name, name))
            return &table[i];
    return NULL;
}

static bool is_same(const struct roots *r, const struct stat *s)
{
    return r->size == s->st_size && r->changed.tv_sec == s->st_mtim.tv_sec &&
           r->changed.tv_nsec == s->st_mtim.tv_nsec;
}

static bool parse(struct roots *r, const char *name, off_t size, char *why, size_t why_size)
{
    uint8_t *bytes = size > 0 && size <= FILE_SIZE_MAX ? http_malloc((size_t)size + 1) : NULL;
    int n = bytes != NULL ? plat_linux_read_file(name, (char *)bytes, (uint32_t)size) : ERR_FULL;
    int left = -1;
    if (n > 0) {
        bytes[n] = '\0';
        mbedtls_x509_crt_init(&r->chain);
        left =
            mbedtls_x509_crt_parse(&r->chain, bytes, (size_t)n + 1); /* those not understood, or negative */
        if (left < 0 || r->chain.version == 0) {
            mbedtls_x509_crt_free(&r->chain);
            left = -1;
        }
    }
    http_free(bytes);
    if (left < 0)
        snprintf(why, why_size, "%s: no certificates can be read from it%s", name,
                 n == ERR_FULL ? " (no memory left for them)" : "");
    return left >= 0;
}

bool http_roots_read(const char *file, bool may_read_again, char *why, size_t why_size)
{
    const char *name = name_of(file);
    struct stat s;
    if (name[0] == '\0' || stat(name, &s) < 0) {
        snprintf(why, why_size,
                 name[0] == '\0' ? "this system has no bundle of CA certificates (Debian: package "
                                   "ca-certificates); name one with ca_file"
                                 : "the CA file %s is not there",
                 name);
        return false;
    }
    struct roots *r = find(name);
    if (r != NULL && (is_same(r, &s) || !may_read_again))
        return true;
    if (r != NULL)
        mbedtls_x509_crt_free(&r->chain);
    for (uint32_t i = 0; r == NULL && i < FILES_MAX; i++)
        if (!table[i].is_used)
            r = &table[i];
    if (r == NULL || strlen(name) >= NAME_MAX_SIZE) {
        snprintf(why, why_size, "more than %u different CA files", FILES_MAX);
        return false;
    }
    r->is_used = parse(r, name, s.st_size, why, why_size);
    if (r->is_used) {
        (void)text_copy(r->name, sizeof r->name, name);
        r->changed = s.st_mtim;
        r->size = s.st_size;
    }
    return r->is_used;
}

bool http_roots_use(void *ssl_config, const char *file, char *why, size_t why_size)
{
    struct roots *r = find(name_of(file));
    if (r == NULL) {
        snprintf(why, why_size, "the CA certificates have gone");
        return false;
    }
    mbedtls_ssl_conf_ca_chain(ssl_config, &r->chain, NULL);
    return true;
}

/* --- what a service shows --- */

static int64_t time_ms(const mbedtls_x509_time *t)
{
    int64_t hours = calendar_days(t->year, t->mon, t->day) * 24 + t->hour;
    return ((hours * 60 + t->min) * 60 + t->sec) * 1000;
}

/* The name of who signed, or else the organisation. */
static void take_issuer(const mbedtls_x509_crt *c, char *to, size_t to_size)
{
    static const char *const names[] = {MBEDTLS_OID_AT_CN, MBEDTLS_OID_AT_ORGANIZATION};
    for (uint32_t i = 0; i < COUNT_OF(names) && to[0] == '\0'; i++) {
        const mbedtls_asn1_named_data *n =
            mbedtls_asn1_find_named_data(&c->issuer, names[i], strlen(names[i]));
        size_t size = n == NULL ? 0 : n->val.len < to_size - 1 ? n->val.len : to_size - 1;
        if (size > 0)
            memcpy(to, n->val.p, size);
        to[size] = '\0';
    }
}

/* Called for each certificate of the chain, the first one last. */
static int look_at_certificate(void *user, mbedtls_x509_crt *c, int depth, uint32_t *flags)
{
    struct http_slot *s = user;
    int64_t ends_ms = time_ms(&c->valid_to), *known_ms = &s->answer.certificate_ends_ms;
    s->certificate_flags |= *flags;
    *known_ms = *known_ms == 0 || ends_ms < *known_ms ? ends_ms : *known_ms;
    if (depth == 0)
        take_issuer(c, s->answer.certificate_issuer, sizeof s->answer.certificate_issuer);
    return 0;
}

void http_certificate_watch(void *ssl_config, struct http_slot *s)
{
    mbedtls_ssl_conf_verify(ssl_config, look_at_certificate, s);
}

void http_certificate_words(uint32_t flags, char *to, size_t to_size)
{
    static const struct {
        uint32_t flags;
        const char *words;
    } causes[] = {
        {MBEDTLS_X509_BADCERT_EXPIRED, "its certificate has expired"},
        {MBEDTLS_X509_BADCERT_FUTURE, "its certificate is not valid yet, by the clock of this machine"},
        {MBEDTLS_X509_BADCERT_CN_MISMATCH, "its certificate is of another host"},
        {MBEDTLS_X509_BADCERT_NOT_TRUSTED,
         "its certificate is not of a CA that is trusted here: self-signed, or the server leaves out one "
         "that stands between it and a root"},
        {MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY,
         "its certificate is signed too weakly"},
    };
    for (uint32_t i = 0; i < COUNT_OF(causes); i++) {
        if ((flags & causes[i].flags) == 0)
            continue;
        (void)text_copy(to, (uint32_t)to_size, causes[i].words);
        return;
    }
    (void)text_copy(to, (uint32_t)to_size, "its certificate is not good");
}
