/* SPDX-License-Identifier: MIT */
/* What all sessions have in common: TLS 1.3, two curves, two ciphers; and the keys that go with it. */
#include "platform/linux/tls/internal.h"

#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__aarch64__) || defined(__arm__)
#include <sys/auxv.h>
#endif

/* X25519 is 5 to 23 % less work for a server than P-256; every agent has both. */
static const uint16_t groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
                                  MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
                                  MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
static const uint16_t signatures[] = {MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
                                      MBEDTLS_TLS1_3_SIG_NONE};
static const int aes_first[] = {MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
                                MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256, 0};
static const int chacha_first[] = {MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
                                   MBEDTLS_TLS1_3_AES_128_GCM_SHA256, 0};

bool session_cpu_has_aes(void)
{
#if defined(__x86_64__)
    unsigned a, b, c = 0, d; /* not __builtin_cpu_supports(): that knows all processors, in 5 KiB */
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_AES) != 0 && (c & bit_PCLMUL) != 0;
#elif defined(__aarch64__)
    return (getauxval(AT_HWCAP) & (1UL << 3)) != 0; /* HWCAP_AES */
#else
    return false; /* the library has no code for AES instructions of 32-bit processors */
#endif
}

int session_config(struct plat *p, mbedtls_ssl_config *config, int endpoint)
{
    mbedtls_ssl_config_init(config);
    if (mbedtls_ssl_config_defaults(config, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return ERR_FULL;
    mbedtls_ssl_conf_rng(config, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_tls13_key_exchange_modes(config,
                                              MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL);
    mbedtls_ssl_conf_groups(config, groups);
    mbedtls_ssl_conf_sig_algs(config, signatures);
    mbedtls_ssl_conf_ciphersuites(config, p->tls->prefers_aes ? aes_first : chacha_first);
    mbedtls_ssl_conf_cert_profile(config, &mbedtls_x509_crt_profile_suiteb);
    return ERR_OK;
}

int session_make_key(uint8_t *der, uint32_t size)
{
    mbedtls_pk_context key;
    mbedtls_pk_init(&key);
    int n = mbedtls_pk_setup(&key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    if (n == 0)
        n = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key), mbedtls_psa_get_random,
                                MBEDTLS_PSA_RANDOM_STATE);
    if (n == 0)
        n = mbedtls_pk_write_key_der(&key, der, size);
    mbedtls_pk_free(&key);
    if (n <= 0)
        return ERR_FULL;
    memmove(der, der + size - n, (size_t)n); /* the library writes at the end */
    return n;
}
