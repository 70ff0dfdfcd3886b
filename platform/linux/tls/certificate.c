/* SPDX-License-Identifier: MIT */
/* Making certificates; see certificate.h. */
#include "platform/linux/tls/certificate.h"

#include <stdio.h>
#include <string.h>

#include <mbedtls/asn1write.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/x509.h>

#define SERIAL_SIZE 16U
#define NAME_TEXT_SIZE 96U
#define SAN_SIZE 128U
#define SAN_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_*:"

/* "20260115120000", as the library wants it. */
static void put_time(char to[static 16], int64_t seconds)
{
    struct tm t;
    mbedtls_time_t wall = (mbedtls_time_t)seconds;
    mbedtls_platform_gmtime_r(&wall, &t);
    snprintf(to, 16, "%04u%02u%02u%02u%02u%02u", (unsigned)(t.tm_year + 1900) % 10000,
             (unsigned)(t.tm_mon + 1) % 100, (unsigned)t.tm_mday % 100, (unsigned)t.tm_hour % 100,
             (unsigned)t.tm_min % 100, (unsigned)t.tm_sec % 100);
}

/* A name is a list of parts to the library: a comma or an equals sign would make more of them. */
static int put_name(char to[static NAME_TEXT_SIZE], const char *common_name)
{
    size_t length = strlen(common_name);
    if (length == 0 || length >= IDENTITY_SIZE)
        return ERR_MALFORMED;
    for (size_t i = 0; i < length; i++) {
        char c = common_name[i];
        if (c < 0x20 || c > 0x7e || strchr(",=+<>#;\"\\", c) != NULL)
            return ERR_MALFORMED;
    }
    snprintf(to, NAME_TEXT_SIZE, "CN=%s", common_name);
    return ERR_OK;
}

/* Hosts and addresses, with commas between them. */
static int set_names(mbedtls_x509write_cert *w, const char *names)
{
    mbedtls_x509_san_list list[CERTIFICATE_NAMES_MAX];
    char words[CERTIFICATE_NAMES_MAX][SAN_SIZE];
    struct ip addresses[CERTIFICATE_NAMES_MAX];
    uint32_t count = 0;
    for (const char *at = names; *at != '\0'; at += *at == ',') {
        size_t length = strcspn(at, ",");
        char *word = words[count];
        if (count == CERTIFICATE_NAMES_MAX || length == 0 || length >= SAN_SIZE ||
            strspn(at, SAN_CHARACTERS) < length)
            return MBEDTLS_ERR_X509_INVALID_NAME;
        memcpy(word, at, length);
        word[length] = '\0';
        at += length;
        mbedtls_x509_san_list *san = &list[count];
        *san = (mbedtls_x509_san_list){.node = {.type = MBEDTLS_X509_SAN_DNS_NAME}};
        san->node.san.unstructured_name.p = (unsigned char *)word;
        san->node.san.unstructured_name.len = length;
        if (ip_parse(word, &addresses[count])) {
            san->node.type = MBEDTLS_X509_SAN_IP_ADDRESS;
            san->node.san.unstructured_name.p = addresses[count].bytes;
            san->node.san.unstructured_name.len = addresses[count].family == 4 ? 4 : 16;
        }
        if (count > 0)
            list[count - 1].next = san;
        count++;
    }
    return count == 0 ? MBEDTLS_ERR_X509_INVALID_NAME
                      : mbedtls_x509write_crt_set_subject_alternative_name(w, list);
}

static int set_extensions(mbedtls_x509write_cert *w, enum certificate_use use, const char *names)
{
    bool is_ca = use == CERTIFICATE_CA;
    int error = mbedtls_x509write_crt_set_basic_constraints(w, is_ca, is_ca ? 0 : -1);
    if (error == 0)
        error = mbedtls_x509write_crt_set_key_usage(
            w, is_ca ? MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN
                     : MBEDTLS_X509_KU_DIGITAL_SIGNATURE);
    if (error != 0 || is_ca)
        return error;

    mbedtls_asn1_sequence usage = {.buf = {.tag = MBEDTLS_ASN1_OID}};
    static const char server_auth[] = MBEDTLS_OID_SERVER_AUTH;
    static const char client_auth[] = MBEDTLS_OID_CLIENT_AUTH;
    unsigned char oid[sizeof server_auth];
    static_assert(sizeof server_auth == sizeof client_auth);
    memcpy(oid, use == CERTIFICATE_SERVER ? server_auth : client_auth, sizeof oid);
    usage.buf.p = oid;
    usage.buf.len = sizeof oid - 1;
    error = mbedtls_x509write_crt_set_ext_key_usage(w, &usage);
    if (error != 0 || use != CERTIFICATE_SERVER)
        return error;

    return set_names(w, names != NULL ? names : SERVER_NAME);
}

static int set_issuer(mbedtls_x509write_cert *w, const struct certificate_order *order,
                      const char *subject)
{
    if (order->issuer == NULL)
        return mbedtls_x509write_crt_set_issuer_name(w, subject);
    char issuer[NAME_TEXT_SIZE];
    int n = mbedtls_x509_dn_gets(issuer, sizeof issuer, &order->issuer->subject);
    return n < 0 ? n : mbedtls_x509write_crt_set_issuer_name(w, issuer);
}

int certificate_make(struct plat *p, const struct certificate_order *order, uint8_t *der,
                     uint32_t size)
{
    char subject[NAME_TEXT_SIZE], from[16], until[16];
    uint8_t serial[SERIAL_SIZE];
    if (put_name(subject, order->common_name) < 0)
        return ERR_MALFORMED;
    put_time(from, order->from_s);
    put_time(until, order->until_s);
    plat_random(p, serial, sizeof serial);
    serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40); /* positive, and of full length */

    mbedtls_x509write_cert w;
    mbedtls_x509write_crt_init(&w);
    mbedtls_x509write_crt_set_version(&w, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&w, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&w, order->subject_key);
    mbedtls_x509write_crt_set_issuer_key(&w, order->issuer_key);
    int n = mbedtls_x509write_crt_set_serial_raw(&w, serial, sizeof serial);
    if (n == 0)
        n = mbedtls_x509write_crt_set_validity(&w, from, until);
    if (n == 0)
        n = mbedtls_x509write_crt_set_subject_name(&w, subject);
    if (n == 0)
        n = set_issuer(&w, order, subject);
    if (n == 0)
        n = set_extensions(&w, order->use, order->names);
    if (n == 0)
        n = mbedtls_x509write_crt_der(&w, der, size, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    mbedtls_x509write_crt_free(&w);
    if (n <= 0)
        return ERR_FULL;
    memmove(der, der + size - n, (size_t)n); /* the library writes at the end */
    return n;
}
