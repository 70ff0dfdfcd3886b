/* SPDX-License-Identifier: MIT */
/* A new certificate for an agent that has a good one: for the same key and the same identity. The name in the
 * request counts for nothing. */
#include <string.h>

#include "aggregator/ingest/session.h"

/* The request is for the key that this connection has proved. */
static bool is_same_key(struct ingest *g, const struct session *s, const struct wire_bytes *request)
{
    uint8_t shown[HASH_SIZE], asked[HASH_SIZE];
    return plat_peer_key(g->plat, s->conn, shown) == ERR_OK &&
           authority_request_key(g->plat, request->at, request->size, asked) == ERR_OK &&
           memcmp(shown, asked, HASH_SIZE) == 0;
}

bool session_renew(struct ingest *g, struct session *s, const struct wire_frame *f)
{
    struct wire_renew *m = &g->scratch->message.renew;
    uint8_t certificate[CERTIFICATE_SIZE_MAX];
    if (!session_make_room(g, s, FRAME_HEADER_SIZE + CERTIFICATE_SIZE_MAX + 16U)) {
        session_wait_large(g, s);
        return false;
    }
    if (session_is_revoked(g, s->identity)) {
        session_refuse_revoked(g, s);
        return false;
    }
    if (!mono_reached(g->now, s->renew_next)) {
        session_refuse(g, s, REFUSE_PROTOCOL, "it asks for certificates more often than once in %d s",
                       RENEW_PAUSE_MS / 1000);
        return false;
    }
    if (wire_get_renew(f, &g->arena, m) < 0 || !is_same_key(g, s, &m->request_der)) {
        session_refuse(g, s, REFUSE_MALFORMED, "the request for a new certificate (PKCS#10) is not good, or "
                       "not for the key of the old one; enrol again for a new key");
        return false;
    }
    int size = authority_sign(g->plat, m->request_der.at, m->request_der.size, s->identity,
                              g->limits.certificate_life_s, certificate, sizeof certificate);
    if (size < 0) {
        session_refuse(g, s, REFUSE_MALFORMED, "the request for a new certificate (PKCS#10) is not good");
        return false;
    }
    s->renew_next = mono_after_ms(g->now, RENEW_PAUSE_MS);
    const struct wire_renewed renewed = {.certificate_der = {certificate, (uint32_t)size}};
    uint32_t room;
    uint8_t *to = session_tx(s, &room);
    bool sent = session_send(g, s, wire_put_renewed(to, room, &renewed));
    ASSERT(sent); /* there is room */
    g->stats.renewed++;
    plat_log(g->plat, LOG_INFO, "agent %s has a new certificate", s->identity);
    return true;
}
