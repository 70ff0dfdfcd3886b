/* SPDX-License-Identifier: MIT */
/* Certificates and failed handshakes in words, for people who must do something about them. */
#include "platform/linux/tls/internal.h"

#include <string.h>

#include "platform/base/calendar.h"

int64_t words_time_s(const mbedtls_x509_time *t)
{
    return calendar_days(t->year, t->mon, t->day) * DAY_S + t->hour * 3600 + t->min * 60 + t->sec;
}

static void put_date(struct text *out, const mbedtls_x509_time *t)
{
    text_printf(out, "%04d-%02d-%02d %02d:%02d:%02d UTC", t->year, t->mon, t->day, t->hour, t->min, t->sec);
}

/* The agent looks at the server's certificate by its own clock; the aggregator looks at the agent's, and the
 * agent is told what it found. */
void words_for_flags(uint32_t flags, bool is_server, const mbedtls_x509_crt *certificate,
                     struct text *out)
{
    text_printf(out, "the %s certificate ", is_server ? "server's" : "agent's");
    if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0) {
        text_put(out, "is of another CA: to join again here, delete agent.crt.der in the agent's --state and "
                      "start it with a new --token");
    } else if ((flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0) {
        text_put(out, "ended on ");
        put_date(out, &certificate->valid_to);
        text_put(out, is_server ? ": set the clock of this machine; if it is right, start the aggregator "
                                  "again"
                                : ": to join again, delete agent.crt.der in its --state and start it with a "
                                  "new --token");
    } else if ((flags & MBEDTLS_X509_BADCERT_FUTURE) != 0) {
        text_put(out, "begins on ");
        put_date(out, &certificate->valid_from);
        text_printf(out, ": set the clock of %s", is_server ? "this machine" : "the aggregator");
    } else if ((flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0) {
        text_put(out, "is not for " SERVER_NAME ": something else answers at this address");
    } else if ((flags & (MBEDTLS_X509_BADCERT_EXT_KEY_USAGE | MBEDTLS_X509_BADCERT_KEY_USAGE)) != 0) {
        text_put(out, "is not meant for this use");
    } else {
        text_printf(out, "is not good (flags 0x%x)", (unsigned)flags);
    }
}

static void put_alert(int alert, struct text *out)
{
    switch (alert) {
    case MBEDTLS_SSL_ALERT_MSG_BAD_CERT:
    case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT:
    case MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED:
    case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED:
    case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN:
    case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA:
    case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED:
        text_printf(out, "the peer does not accept our certificate (TLS alert %d)", alert);
        break;
    case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION:
        text_put(out, "the peer does not speak TLS 1.3");
        break;
    case MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR:
        text_put(out, "the peer has no room for another TLS session just now");
        break;
    default: text_printf(out, "the peer refused the TLS handshake (alert %d)", alert); break;
    }
}

void words_for_handshake(int error, int alert, struct text *out)
{
    switch (error) {
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE: put_alert(alert, out); break;
    case MBEDTLS_ERR_SSL_CONN_EOF:
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        text_put(out, "the peer closed the connection during the TLS handshake");
        break;
    case MBEDTLS_ERR_SSL_INVALID_MAC: /* a client that refuses us says so before it encrypts */
        text_put(out, "the peer broke the TLS handshake off: it may trust another CA than ours");
        break;
    case MBEDTLS_ERR_SSL_INVALID_RECORD:
    case MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE:
    case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
        text_put(out, "the peer does not speak TLS 1.3: is this the port for agents (7443)?");
        break;
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
    case MBEDTLS_ERR_X509_ALLOC_FAILED:
    case MBEDTLS_ERR_MPI_ALLOC_FAILED:
        text_put(out, "no memory for another TLS session: more peers than configured");
        break;
    default: text_printf(out, "the TLS handshake failed (-0x%04x)", (unsigned)-error); break;
    }
}

void words_for_stranger(int error, int alert, struct text *out)
{
    switch (error) {
    case MBEDTLS_ERR_SSL_INVALID_RECORD:
    case MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE:
    case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
        text_put(out, "it does not speak TLS 1.3");
        break;
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
    case MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL:
    case MBEDTLS_ERR_X509_ALLOC_FAILED:
        text_put(out, "its certificates need more memory than is set apart for them");
        break;
    case MBEDTLS_ERR_SSL_BAD_CERTIFICATE:
    case MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE:
        text_put(out, "its certificate is too large, or neither RSA nor for P-256");
        break;
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
        if (alert == MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE ||
            alert == MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION)
            text_put(out, "it speaks no TLS 1.3, or its certificate is neither RSA nor for P-256");
        else
            text_printf(out, "it refused the TLS handshake (alert %d)", alert);
        break;
    default: words_for_handshake(error, alert, out); break;
    }
}

int words_common_name(const mbedtls_x509_crt *certificate, char *to, uint32_t to_size)
{
    to[0] = '\0';
    for (const mbedtls_x509_name *n = &certificate->subject; n != NULL; n = n->next) {
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &n->oid) != 0)
            continue;
        if (n->val.len == 0 || n->val.len >= to_size)
            return ERR_MALFORMED;
        for (size_t i = 0; i < n->val.len; i++)
            if (n->val.p[i] <= 0x20 || n->val.p[i] >= 0x7f)
                return ERR_MALFORMED;
        memcpy(to, n->val.p, n->val.len);
        to[n->val.len] = '\0';
        return (int)n->val.len;
    }
    return ERR_MALFORMED;
}
