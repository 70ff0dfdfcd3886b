/* SPDX-License-Identifier: MIT */
/* platform/linux: certificates that are renewed, and sessions with strangers. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/platform/linux/pair.h"


/* --- strangers --- */

static struct plat *make_looker(char directory[static 128], uint32_t guest_size)
{
    const struct plat_linux_limits limits = {.conns_max = 4,
                                             .dials_max = 4,
                                             .handshakes_max = 1,
                                             .texts_max = 1,
                                             .files_max = 1,
                                             .credentials_max = 1,
                                             .tls_guest_size = guest_size};
    return make_plat_of(fresh_directory(directory), &limits);
}

/* Without a credential and whoever it is; one at a time, in memory of its own that is all given back. */
static void strangers(struct site *s)
{
    char directory[128];
    uint64_t before, after, high, now;
    struct plat *p = make_looker(directory, plat_linux_agent_limits.tls_guest_size);
    plat_linux_tls_use(p, &high, &before);
    for (int i = 0; i < 3; i++)
        check_visit(s, p, PLAT_TLS_ANY, 0, "");
    plat_linux_tls_guest_use(p, &high, &now);
    printf("  a stranger takes %llu bytes\n", (unsigned long long)high);
    CHECK(now == 0 && high > 10000 && high < plat_linux_agent_limits.tls_guest_size);
    int peer, peer2, first = plat_connect(p, s->address, PLAT_TLS_ANY);
    CHECK(settle(s->server, s->listener, p, first, &peer));
    int second = plat_connect(p, s->address, PLAT_TLS_ANY);
    CHECK(!settle(s->server, s->listener, p, second, &peer2));
    CHECK(strstr(plat_why(p, second), "try again later") != NULL);
    plat_close(p, second);
    plat_close(s->server, peer2);
    check_message(p, first, s->server, peer, "still here");
    plat_close(p, first);
    work(s->server, p, 5);
    plat_close(s->server, peer);
    check_visit(s, p, PLAT_TLS_ANY, 0, "");
    plat_linux_tls_use(p, &high, &after);
    CHECK(after <= before);
    end_plat(p);

    CHECK(plat_listen(s->server, "127.0.0.1:0", PLAT_TLS_ANY) == ERR_MALFORMED);
    p = make_looker(directory, 0);
    check_refused(s, p, PLAT_TLS_ANY, "no TLS but its own");
    end_plat(p);
}

/* However little there is for strangers, nothing breaks, and they take nothing from others. */
static void strangers_without_room(struct site *s)
{
    char directory[128];
    uint32_t fits = 0;
    for (uint32_t size = 1024; size <= 32768; size += 1024) {
        uint64_t before, after, high, now;
        struct plat *p = make_looker(directory, size);
        plat_linux_tls_use(p, &high, &before);
        int peer, conn = plat_connect(p, s->address, PLAT_TLS_ANY);
        bool open = settle(s->server, s->listener, p, conn, &peer);
        CHECK(open || strstr(plat_why(p, conn), "certificate") != NULL);
        CHECK(open || fits == 0);
        fits = open && fits == 0 ? size : fits;
        plat_close(p, conn);
        work(s->server, p, 5);
        if (peer >= 0)
            plat_close(s->server, peer);
        plat_linux_tls_guest_use(p, &high, &now);
        plat_linux_tls_use(p, &high, &after);
        CHECK(now == 0 && after <= before);
        end_plat(p);
    }
    printf("  %u bytes are enough\n", (unsigned)fits);
    CHECK(fits > 0);
}

/* --- renewal --- */

static int signed_for(struct site *s, struct plat *agent, const char *name, int64_t life_s, uint8_t *der)
{
    uint8_t request[CERTIFICATE_SIZE_MAX];
    int n = credential_renewal(agent, request, sizeof request);
    CHECK(n > 0);
    int size = authority_sign(s->server, request, (uint32_t)n, name, life_s, der, CERTIFICATE_SIZE_MAX);
    CHECK(size > 0);
    return size;
}

static int signed_again(struct site *s, struct plat *agent, const char *name, uint8_t *der)
{
    return signed_for(s, agent, name, LIFE_S, der);
}

/* The aggregator has come to give other lives than it gave before; one that it gave before that is old. */
static void other_lives(struct site *s)
{
    static const int64_t lives_s[] = {60, 20 * DAY_S, 3650 * DAY_S, 60};
    char directory[128];
    uint8_t der[CERTIFICATE_SIZE_MAX], old[CERTIFICATE_SIZE_MAX];
    struct plat *agent = make_agent(s->server, fresh_directory(directory), "late", 128);
    reissue(s, agent, CERTIFICATE_AGENT, -3 * DAY_S, -2 * DAY_S);
    uint32_t old_size = (uint32_t)plat_state_read(agent, "agent.crt.der", old, sizeof old);
    for (size_t i = 0; i < COUNT_OF(lives_s); i++) {
        int size = signed_for(s, agent, "late", lives_s[i], der);
        CHECK(credential_renew(agent, der, (uint32_t)size) == ERR_OK);
        int64_t now_ms = wall_ms(plat_wall(agent)), issued_ms = credential_issued_ms(agent);
        int64_t lead_s = lives_s[i] / CERTIFICATE_LEAD_PARTS;
        lead_s = lead_s < DAY_S ? lead_s : DAY_S;
        CHECK(now_ms - issued_ms >= lead_s * MS_PER_S && now_ms - issued_ms < (lead_s + 5) * MS_PER_S);
        CHECK(credential_expires_ms(agent) - issued_ms == (lead_s + lives_s[i]) * MS_PER_S);
        CHECK(credential_renew(agent, old, old_size) == ERR_MALFORMED);
    }
    int size = signed_for(s, agent, "late", 40 * 365 * DAY_S, der); /* longer than the CA's */
    CHECK(credential_renew(agent, der, (uint32_t)size) == ERR_OK);
    CHECK(credential_expires_ms(agent) < wall_ms(plat_wall(agent)) + 20 * 365 * DAY_S * MS_PER_S + MS_PER_S);
    end_plat(agent);
}

static void renewal(struct site *s)
{
    char directory[128], elsewhere[128];
    uint8_t der[CERTIFICATE_SIZE_MAX], other[CERTIFICATE_SIZE_MAX];
    struct plat *agent = make_plat(fresh_directory(elsewhere), false, 4, 0);
    CHECK(credential_renewal(agent, der, sizeof der) == ERR_MISSING && credential_expires_ms(agent) == 0);
    CHECK(credential_renew(agent, der, 1) == ERR_MISSING);
    end_plat(agent);
    agent = make_agent(s->server, fresh_directory(directory), "late", 128);
    int64_t now_ms = wall_ms(plat_wall(agent)), full_ms = LIFE_S * MS_PER_S;
    CHECK(credential_expires_ms(agent) - now_ms > full_ms - 60 * MS_PER_S);
    CHECK(credential_expires_ms(agent) - now_ms <= full_ms);
    CHECK(now_ms - credential_issued_ms(agent) >= DAY_S * MS_PER_S - MS_PER_S);
    reissue(s, agent, CERTIFICATE_AGENT, -DAY_S, DAY_S);
    int64_t soon_ms = credential_expires_ms(agent);
    CHECK(soon_ms - now_ms <= DAY_S * MS_PER_S + MS_PER_S);

    int peer, conn = plat_connect(agent, s->address, PLAT_TLS);
    CHECK(settle(s->server, s->listener, agent, conn, &peer));
    int size = signed_again(s, agent, "early", other);
    CHECK(credential_renew(agent, other, (uint32_t)size) == ERR_MALFORMED); /* another name */
    size = signed_again(s, agent, "late", der);
    der[size / 2] ^= 1;
    CHECK(credential_renew(agent, der, (uint32_t)size) == ERR_MALFORMED);
    der[size / 2] ^= 1;
    CHECK(credential_renew(agent, der, (uint32_t)size - 1) == ERR_MALFORMED);
    CHECK(credential_expires_ms(agent) == soon_ms);
    CHECK(credential_renew(agent, der, (uint32_t)size) == ERR_OK);
    CHECK(credential_expires_ms(agent) - now_ms > full_ms - 60 * MS_PER_S);
    check_message(agent, conn, s->server, peer, "an open connection goes on"); /* both ways */
    check_message(s->server, peer, agent, conn, "with what it agreed upon");
    plat_close(agent, conn);
    work(s->server, agent, 5);
    plat_close(s->server, peer);
    check_visit(s, agent, PLAT_TLS, 4, "late");

    /* Killed after writing beside and before the renaming: the next start knows nothing of it. */
    CHECK(plat_state_write(agent, "agent.crt.der.new", "half", 4) == ERR_OK);
    end_plat(agent);
    agent = make_plat(directory, false, 8, 0);
    CHECK(credential_load(agent) == ERR_OK);
    CHECK(credential_expires_ms(agent) - now_ms > full_ms - 60 * MS_PER_S);
    check_visit(s, agent, PLAT_TLS, 4, "late");
    /* Of another CA, though for our key and name. */
    struct site strange;
    open_site(&strange);
    size = signed_again(&strange, agent, "late", der);
    CHECK(credential_renew(agent, der, (uint32_t)size) == ERR_MALFORMED);
    end_plat(strange.server);
    end_plat(agent);
}

int main(void)
{
    char directory[128];
    struct plat *arena = make_plat(fresh_directory(directory), false, 4, SITE_ARENA);
    struct site s;
    open_site(&s);
    static const struct {
        const char *name;
        void (*run)(struct site *);
    } tests[] = {{"renewal", renewal},
                 {"other_lives", other_lives},
                 {"strangers", strangers},
                 {"strangers_without_room", strangers_without_room}};
    for (size_t i = 0; i < COUNT_OF(tests); i++) {
        tests[i].run(&s);
        passed(tests[i].name);
    }
    end_plat(s.server);
    end_plat(arena);
    return 0;
}
