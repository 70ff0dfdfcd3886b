/* SPDX-License-Identifier: MIT */
/* The seam, continued: requests to services elsewhere, over HTTP, HTTPS or SMTP; and looks at services.
 *
 * A request takes one of a fixed number of slots from its start to its end and never blocks: who started it
 * asks for the answer in each turn of the loop, and plat_wait() wakes when there is one. Redirects are not
 * followed; certificates are verified; an answer is kept up to a bound, in memory that the caller brings when
 * the slot's own is not enough, the rest of it is read and dropped.
 * A request other than GET is sent once: what broke before an answer is for who asked to send again.
 * What happens to one request does not touch another. */
#ifndef NEPHOS_OUTBOUND_H
#define NEPHOS_OUTBOUND_H

#include "platform/platform.h"

#define PLAT_ANSWER_SIZE 4096U /* of the slot's own memory for an answer */
#define PLAT_URL_SIZE 1024U

/* Texts and bodies stay where they are, untouched by the caller, until plat_request_end(). */
struct plat_request {
    const char *method;         /* "POST"; of no meaning for mail */
    const char *url;            /* http:// https://, or smtp:// smtps://HOST:PORT for a mail; of a look also
                                   tcp:// tls://HOST:PORT, to connect, and dns://HOST, to find the address */
    const char *headers;        /* lines "Name: value\n"; "" */
    const void *body;
    uint32_t body_size;
    uint32_t timeout_ms;        /* from start to end, the name's look-up included */
    const char *ca_file;        /* "": the system's roots */
    const char *aws_scope;      /* "aws:amz:REGION:SERVICE" signs the request with user and password; "" */
    /* A private RSA key (PEM), its password or "", and "ACCOUNT.USER": with a key that is not NULL or "", the
     * request carries a token signed by it (RFC 7519, RS256) in Authorization, as Snowflake wants it: the
     * issuer names the key's SHA-256. It is made anew at half its life, and after an answer 401. */
    const char *jwt_key, *jwt_password, *jwt_subject;
    const char *user, *password; /* for the signature, or of the mail server; "" */
    const char *mail_from;      /* a mail, when not "" */
    const char *mail_to;        /* addresses with commas between them */
    bool needs_tls;             /* a mail over smtp:// goes out after STARTTLS, or not at all */
    char *answer;               /* where the answer's body goes, terminated; NULL: into the slot */
    uint32_t answer_size;       /* of that memory, 1 or more; of no meaning with NULL */
    bool is_look;               /* the service itself is looked at: over a connection of its own, with times
                                   and certificate told; no more is read than the answer's memory holds */
};

/* From the start of the request to the end of each of its parts; 0: it did not come to that. */
struct plat_times {
    uint32_t found_us;          /* the host's address is known */
    uint32_t connected_us, secured_us, first_byte_us, over_us;
};

/* What came back; texts that do not fit are cut. */
struct plat_answer {
    uint32_t status;            /* of HTTP or SMTP, 1 of tcp, tls and dns; 0: no answer, and `why` says why */
    bool may_have_arrived;      /* without an answer: the request had been sent, wholly or in part */
    bool truncated;             /* the body is longer than its memory: only its beginning is here */
    uint32_t body_size;
    char why[160];
    char retry_after[48], date[48], request_id[64]; /* headers of the answer, x-amzn-RequestId the last; "" */
    char location[PLAT_URL_SIZE / 2]; /* a header, too; "", also when it is longer */
    const char *body;           /* terminated; in the caller's memory, or in the slot's; of dns:// addresses
                                   with commas between them */
    /* of a look */
    struct plat_times times;
    int64_t certificate_ends_ms; /* wall clock: of the chain's first to end, good or not; 0: none shown */
    char certificate_issuer[64]; /* of the first certificate, as it came: any bytes */
};

/* Starts it: a slot; ERR_FULL while all are taken; ERR_MALFORMED for a URL that is none. */
int plat_request_start(struct plat *p, const struct plat_request *request);
/* The answer, valid until plat_request_end(); NULL while there is none. */
const struct plat_answer *plat_request_answer(struct plat *p, int request);
/* Gives the slot back. Only after an answer. */
void plat_request_end(struct plat *p, int request);

#endif
