/* SPDX-License-Identifier: MIT */
/* Joining; see enroll.h. */
#include "agent/enroll.h"

#include "platform/base/text.h"
#include "platform/credentials.h"
#include "proto/instance_id.h"
#include "proto/token.h"

int enroll_pin(struct plat *p, const char *token)
{
    struct token t;
    int result = token_read(token, &t);
    if (result == ERR_OK)
        credential_pin(p, t.ca_hash);
    return result;
}

int enroll_request(struct plat *p, const char *token, const struct identity *it, uint8_t *to,
                   uint32_t size)
{
    /* Id and key are on disk before anybody hears of them: should the reply get lost, even with this process,
     * the same request is made again, and the token has not been used a second time. */
    int result = identity_keep(it, p);
    if (result < 0)
        return result;
    uint8_t der[CERTIFICATE_SIZE_MAX];
    int der_size = credential_request(p, it->id, der, sizeof der);
    if (der_size < 0)
        return der_size;
    const struct wire_enroll_request m = {
        .token = token,
        .instance_id = it->id,
        .name = it->name,
        .request_der = {der, (uint32_t)der_size},
    };
    return wire_put_enroll_request(to, size, &m);
}

int enroll_accept(struct plat *p, const struct wire_frame *f, struct arena *scratch,
                  struct identity *it)
{
    struct wire_enroll_reply m;
    if (wire_get_enroll_reply(f, scratch, &m) < 0 || !instance_id_allowed(m.instance_id))
        return ERR_MALFORMED;
    /* The id first: a certificate whose id is forgotten would be useless. */
    text_copy(it->id, sizeof it->id, m.instance_id);
    int result = identity_keep(it, p);
    if (result < 0)
        return result;
    return credential_store(p, m.certificate_der.at, m.certificate_der.size, m.ca_der.at, m.ca_der.size);
}
