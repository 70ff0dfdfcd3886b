/* SPDX-License-Identifier: MIT */
/* Enrolment: a join token for a certificate. The answer leaves only when the use of the token and the
 * instance are on disk, so neither a crash nor a full disk hands out a use twice. An answer that gets lost
 * costs nothing: the same key may ask again with the same token for the same id. */
#include <string.h>

#include "aggregator/ingest/session.h"
#include "aggregator/access/token.h"
#include "platform/base/utf8.h"
#include "proto/instance_id.h"

static bool may_join(struct ingest *g, struct session *s, const struct wire_enroll_request *m,
                     struct token_record *record)
{
    char words[REASON_SIZE];
    struct text why;
    text_init(&why, words, sizeof words);
    if (!instance_id_allowed(m->instance_id)) {
        session_refuse(g, s, REFUSE_IDENTITY, "an instance id has 1 to 63 of A-Z a-z 0-9 . _ : -");
        return false;
    }
    if (token_check(g->plat, m->token, record, &why) < 0) {
        session_refuse(g, s, REFUSE_TOKEN, "%s", words);
        return false;
    }
    if (session_is_revoked(g, m->instance_id)) {
        session_refuse_revoked(g, s);
        return false;
    }
    if (store_instance_find(g->store, m->instance_id) < 0 &&
        store_instance_count(g->store) >= g->limits.instances_max) {
        session_refuse(g, s, REFUSE_CAPACITY,
                       "all %u places for agents are taken; start the aggregator with a larger "
                       "--agents-max", g->limits.instances_max);
        return false;
    }
    return true;
}

/* Who uses a token: a key under one instance id. Another id for the same key is another use, as it is
 * another place. */
static int holder_of(struct plat *p, const struct wire_enroll_request *m, uint8_t hash[static HASH_SIZE])
{
    uint8_t holder[HASH_SIZE + INSTANCE_ID_SIZE] = {0};
    int result = authority_request_key(p, m->request_der.at, m->request_der.size, holder);
    memcpy(holder + HASH_SIZE, m->instance_id, strlen(m->instance_id)); /* checked by may_join() */
    plat_sha256(p, holder, sizeof holder, hash);
    return result;
}

/* Stages the use of the token and the instance. */
static bool stage(struct ingest *g, struct session *s, const struct wire_enroll_request *m,
                  const struct token_record *record, const uint8_t holder[static HASH_SIZE])
{
    int e = store_token_use(g->store, record->id, holder, record->uses_max);
    if (e == ERR_FULL) {
        session_refuse(g, s, REFUSE_TOKEN,
                       "the join token was used already (%u of %u) by other agents; make a new one with "
                       "`nephos-aggregator token create`", record->uses_max, record->uses_max);
        return false;
    }
    struct instance facts = {0};
    int known = store_instance_find(g->store, m->instance_id);
    if (known >= 0)
        facts = *store_instance(g->store, (uint32_t)known);
    utf8_copy_clean(facts.id, sizeof facts.id, m->instance_id);
    utf8_copy_clean(facts.name, sizeof facts.name, m->name);
    facts.updated_ms = wall_ms(plat_wall(g->plat));
    if (known < 0)
        facts.created_ms = facts.updated_ms;
    if (e < 0 || store_instance_put(g->store, &facts) < 0) {
        session_refuse(g, s, REFUSE_STORAGE, "the aggregator cannot store a new agent now; the "
                       "agent tries again by itself");
        return false;
    }
    return true;
}

bool session_enroll(struct ingest *g, struct session *s, const struct wire_frame *f)
{
    struct wire_enroll_request *m = &g->scratch->message.enroll;
    struct token_record record;
    if (wire_get_enroll_request(f, &g->arena, m) < 0) {
        session_refuse(g, s, REFUSE_MALFORMED, "the enrolment request does not parse");
        return false;
    }
    if (!may_join(g, s, m, &record))
        return false;
    uint8_t certificate[CERTIFICATE_SIZE_MAX], ca[CERTIFICATE_SIZE_MAX], holder[HASH_SIZE];
    int certificate_size = authority_sign(g->plat, m->request_der.at, m->request_der.size,
                                          m->instance_id, g->limits.certificate_life_s, certificate,
                                          sizeof certificate);
    int ca_size = authority_certificate(g->plat, ca, sizeof ca);
    if (certificate_size < 0 || ca_size < 0 || holder_of(g->plat, m, holder) < 0) {
        session_refuse(g, s, REFUSE_MALFORMED, "the certificate request (PKCS#10) is not good");
        return false;
    }
    if (!stage(g, s, m, &record, holder))
        return false;
    const struct wire_enroll_reply reply = {
        .instance_id = m->instance_id,
        .certificate_der = {certificate, (uint32_t)certificate_size},
        .ca_der = {ca, (uint32_t)ca_size},
    };
    /* The request is done with (its texts were copied to the arena), and nothing more is read: the
     * receive buffer keeps the reply. */
    int n = wire_put_enroll_reply(s->rx, SESSION_RX_SIZE, &reply);
    ASSERT(n > 0);
    plat_log(g->plat, LOG_INFO, "agent %s enrolled as %s", plat_peer_address(g->plat, s->conn),
             m->instance_id);
    s->rx_used = (uint32_t)n;
    s->state = SESSION_ENROLLING;
    s->deadline = mono_after_ms(g->now, ENROLL_MS_MAX);
    s->commit_awaited = store_commit_awaited(g->store);
    session_pause(g, s);
    session_list_add(&g->owing, session_slot(g, s));
    g->owing_now = true; /* a repeated request may have changed nothing */
    return false;
}

void session_enrolled(struct ingest *g, struct session *s)
{
    g->stats.enrolled++;
    s->tx = s->rx;
    s->tx_size = SESSION_RX_SIZE;
    (void)session_send(g, s, (int)s->rx_used);
    session_finish(g, s);
}
