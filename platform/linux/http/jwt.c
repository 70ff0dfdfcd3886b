/* SPDX-License-Identifier: MIT */
/* Tokens that a service takes for a signature by an RSA key: header.claims.signature, each in base64url.
 *
 * Some milliseconds of arithmetic, so it is done in libcurl's thread, and each token used for half its life.
 * The key is parsed for each and does not stay in memory in another form than it came. */
#include <stdio.h>
#include <string.h>

#include <mbedtls/base64.h>
#include <mbedtls/error.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/rsa.h>
#include <mbedtls/sha256.h>
#include <psa/crypto.h>

#include "platform/base/text.h"
#include "platform/linux/http/http.h"

#define TOKENS_MAX 4U
#define LIFE_S 3540          /* an hour at most, and their clock may be a little behind */
#define BITS_MIN 2048U
#define BITS_MAX 4096U
#define PUBLIC_SIZE 600U     /* SubjectPublicKeyInfo of such a key */
#define HASH 32U

/* libcurl's thread alone looks at them. */
static struct token {
    uint8_t of[HASH];        /* key and subject */
    int64_t made_s, ahead_s; /* 0: there is none; by how much their clock is ahead */
    uint64_t used;
    char words[HTTP_JWT_SIZE];
} tokens[TOKENS_MAX];
static uint64_t uses;

static void hash_of(const char *key, const char *subject, uint8_t hash[static HASH])
{
    mbedtls_sha256_context c;
    mbedtls_sha256_init(&c);
    mbedtls_sha256_starts(&c, 0);
    mbedtls_sha256_update(&c, (const uint8_t *)key, strlen(key) + 1);
    mbedtls_sha256_update(&c, (const uint8_t *)subject, strlen(subject));
    mbedtls_sha256_finish(&c, hash);
    mbedtls_sha256_free(&c);
}

/* Its place, or that of the one longest unused. */
static struct token *place_of(const char *key, const char *subject)
{
    uint8_t hash[HASH];
    struct token *oldest = &tokens[0];
    hash_of(key, subject, hash);
    for (uint32_t i = 0; i < TOKENS_MAX; i++) {
        if (memcmp(tokens[i].of, hash, HASH) == 0)
            return &tokens[i];
        if (tokens[i].used < oldest->used)
            oldest = &tokens[i];
    }
    mbedtls_platform_zeroize(oldest, sizeof *oldest);
    memcpy(oldest->of, hash, HASH);
    return oldest;
}

static bool put_base64url(struct text *to, const void *bytes, size_t size)
{
    int n = text_base64url_encode(bytes, (uint32_t)size, to->at + to->length, to->size - to->length);
    to->length += n > 0 ? (uint32_t)n : 0;
    if (n >= 0)
        to->at[to->length] = '\0';
    return n >= 0;
}

/* SHA-256 of the public half, as the service prints it. */
static bool put_fingerprint(struct text *to, mbedtls_pk_context *key)
{
    uint8_t der[PUBLIC_SIZE], hash[HASH], base64[48];
    size_t length;
    int n = mbedtls_pk_write_pubkey_der(key, der, sizeof der);
    if (n <= 0 || mbedtls_sha256(der + sizeof der - n, (size_t)n, hash, 0) != 0 ||
        mbedtls_base64_encode(base64, sizeof base64, &length, hash, sizeof hash) != 0)
        return false;
    text_put_n(to, (const char *)base64, (uint32_t)length);
    return true;
}

static bool sign(mbedtls_pk_context *key, const char *words, size_t size, uint8_t *signature)
{
    uint8_t hash[HASH];
    mbedtls_rsa_context *rsa = mbedtls_pk_rsa(*key);
    return mbedtls_sha256((const uint8_t *)words, size, hash, 0) == 0 &&
           mbedtls_rsa_set_padding(rsa, MBEDTLS_RSA_PKCS_V15, MBEDTLS_MD_NONE) == 0 &&
           mbedtls_rsa_pkcs1_sign(rsa, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE, MBEDTLS_MD_SHA256,
                                  HASH, hash, signature) == 0;
}

static bool make(struct token *t, mbedtls_pk_context *key, const char *subject, int64_t now_s)
{
    static const char header[] = "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
    char claims_bytes[768];
    uint8_t signature[BITS_MAX / 8];
    struct text claims, words;
    long long from = (long long)(now_s + t->ahead_s);
    text_init(&claims, claims_bytes, sizeof claims_bytes);
    text_init(&words, t->words, sizeof t->words);
    text_printf(&claims, "{\"iss\":\"%s.SHA256:", subject);
    if (!put_fingerprint(&claims, key))
        return false;
    text_printf(&claims, "\",\"sub\":\"%s\",\"iat\":%lld,\"exp\":%lld}", subject, from, from + LIFE_S);
    if (claims.truncated || !put_base64url(&words, header, sizeof header - 1))
        return false;
    text_put_char(&words, '.');
    if (!put_base64url(&words, claims.at, claims.length) || !sign(key, words.at, words.length, signature))
        return false;
    text_put_char(&words, '.');
    return put_base64url(&words, signature, mbedtls_pk_get_len(key)) && !words.truncated;
}

static void tell(int error, char *why, size_t why_size)
{
    const char *words = "it is damaged, or none: PKCS#8 in PEM is expected (openssl pkcs8 -topk8)";
    if (error == MBEDTLS_ERR_PK_PASSWORD_REQUIRED)
        words = "it is encrypted: name a file with its password";
    else if (error == MBEDTLS_ERR_PK_PASSWORD_MISMATCH)
        words = "its password is another one";
    else if (error == MBEDTLS_ERR_PK_ALLOC_FAILED || error == MBEDTLS_ERR_MPI_ALLOC_FAILED)
        words = "the memory of outbound requests is used up";
    else if (error == 0)
        words = "an RSA key of 2048 to 4096 bits is expected";
    snprintf(why, why_size, "the private key: %s", words);
}

const char *http_jwt(const char *key, const char *password, const char *subject, int64_t now_s, char *why,
                     size_t why_size)
{
    struct token *t = place_of(key, subject);
    mbedtls_pk_context pk;
    t->used = ++uses;
    if (t->made_s != 0 && now_s >= t->made_s && now_s < t->made_s + LIFE_S / 2)
        return t->words;
    t->made_s = 0;
    mbedtls_pk_init(&pk);
    int error = (int)psa_crypto_init();
    if (error == 0)
        error = mbedtls_pk_parse_key(&pk, (const uint8_t *)key, strlen(key) + 1, (const uint8_t *)password,
                                     strlen(password), mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    bool is_good = error == 0 && mbedtls_pk_get_type(&pk) == MBEDTLS_PK_RSA &&
                   mbedtls_pk_get_bitlen(&pk) >= BITS_MIN && mbedtls_pk_get_bitlen(&pk) <= BITS_MAX &&
                   make(t, &pk, subject, now_s);
    if (is_good)
        t->made_s = now_s;
    else
        tell(error, why, why_size);
    mbedtls_pk_free(&pk);
    return is_good ? t->words : NULL;
}

void http_jwt_refused(const char *key, const char *subject, int64_t ahead_s)
{
    struct token *t = place_of(key, subject);
    t->made_s = 0;
    t->ahead_s = ahead_s;
}
