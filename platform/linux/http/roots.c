/* SPDX-License-Identifier: MIT */
/* The certificates that servers are verified with: parsed once and shared by all connections. libcurl would
 * parse all of the system's, half a megabyte, for each. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include "platform/linux/http/http.h"
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
