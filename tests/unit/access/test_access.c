/* SPDX-License-Identifier: MIT */
/* Token texts, logins and buckets. */
#include "aggregator/access/limiter.h"
#include "aggregator/access/login.h"
#include "aggregator/access/secret.h"

#include "platform/sim/sim.h"
#include "tests/unit/store/rig.h"

static void *reserved(void *(*reserve)(struct memory_map *map))
{
    static struct memory_map map;
    memory_map_init(&map, NULL, 0);
    assert_null(reserve(&map));
    void *block = NULL;
    assert_int_equal(posix_memalign(&block, 64, map.used), 0);
    memset(block, 0, map.used);
    memory_map_init(&map, block, map.used);
    return reserve(&map);
}

static void *reserve_logins(struct memory_map *map)
{
    return login_reserve(map);
}

static void *reserve_limiter(struct memory_map *map)
{
    return limiter_reserve(map, "test", 3);
}

static struct mono at_ms(int64_t ms)
{
    return (struct mono){ms * NS_PER_MS};
}

static void a_text_reads_back(void **state)
{
    (void)state;
    struct rig *r = rig_new(1);
    char text[SECRET_TEXT_SIZE];
    struct api_token t = {.role = ROLE_VIEWER, .name = "x", .expires_ms = 1000};
    uint8_t id[API_TOKEN_ID_SIZE], secret[SECRET_SIZE];
    rig_must_open(r);
    secret_new(r->machine, text, &t);
    uint32_t n = (uint32_t)strlen(text);
    assert_int_equal(n, 47);
    assert_int_equal(secret_read(text, n, id, secret), ERR_OK);
    assert_memory_equal(id, t.id, sizeof id);
    assert_int_equal(secret_read(text, n - 1, id, secret), ERR_MALFORMED);
    assert_int_equal(secret_read("npb_", 4, id, secret), ERR_MALFORMED);

    assert_int_equal(secret_check(r->store, r->machine, text, n, 0), ERR_DENIED); /* unknown */
    int place = store_api_token_add(r->store, &t);
    assert_int_equal(secret_check(r->store, r->machine, text, n, 999), place);
    assert_int_equal(secret_check(r->store, r->machine, text, n, 1000), ERR_DENIED); /* expired */
    text[n - 1] = text[n - 1] == 'A' ? 'E' : 'A';
    assert_int_equal(secret_check(r->store, r->machine, text, n, 0), ERR_DENIED);
    rig_free(r);
}

static void a_login_ends_by_itself(void **state)
{
    (void)state;
    struct sim_world *w = sim_new(1);
    struct plat *p = sim_machine(w, "hub");
    struct login_table *t = reserved(reserve_logins);
    const uint8_t id[LOGIN_TOKEN_ID_SIZE] = {7};
    char key[LOGIN_KEY_SIZE], other[LOGIN_KEY_SIZE];
    login_begin(t, p, 3, id, at_ms(0), key);
    login_begin(t, p, 4, id, at_ms(0), other);
    assert_string_not_equal(key, other);
    struct login *l = login_find(t, p, key, LOGIN_KEY_SIZE - 1, at_ms(LOGIN_IDLE_MS - 1));
    assert_non_null(l);
    assert_int_equal(l->place, 3);
    assert_null(login_find(t, p, other, LOGIN_KEY_SIZE - 1, at_ms(LOGIN_IDLE_MS))); /* idle too long */
    int64_t ms = LOGIN_IDLE_MS - 1;
    for (; ms < LOGIN_LIFE_MS; ms += LOGIN_IDLE_MS - 1)
        assert_non_null(login_find(t, p, key, LOGIN_KEY_SIZE - 1, at_ms(ms)));
    assert_null(login_find(t, p, key, LOGIN_KEY_SIZE - 1, at_ms(LOGIN_LIFE_MS))); /* in any case */
    assert_null(login_find(t, p, "", 0, at_ms(0)));
    free(t);
    sim_free(w);
}

static void the_login_unused_longest_gives_way(void **state)
{
    (void)state;
    struct sim_world *w = sim_new(1);
    struct plat *p = sim_machine(w, "hub");
    struct login_table *t = reserved(reserve_logins);
    const uint8_t id[LOGIN_TOKEN_ID_SIZE] = {7};
    char keys[LOGINS_MAX + 1][LOGIN_KEY_SIZE];
    for (uint32_t i = 0; i < LOGINS_MAX; i++)
        login_begin(t, p, 0, id, at_ms(i), keys[i]);
    assert_non_null(login_find(t, p, keys[0], LOGIN_KEY_SIZE - 1, at_ms(100)));
    login_begin(t, p, 0, id, at_ms(101), keys[LOGINS_MAX]);
    assert_null(login_find(t, p, keys[1], LOGIN_KEY_SIZE - 1, at_ms(102)));
    assert_non_null(login_find(t, p, keys[0], LOGIN_KEY_SIZE - 1, at_ms(102)));
    assert_non_null(login_find(t, p, keys[LOGINS_MAX], LOGIN_KEY_SIZE - 1, at_ms(102)));
    free(t);
    sim_free(w);
}

static void addresses_have_keys(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"192.0.2.7:51422", "192.0.2.7"},
        {"[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2"},
        {"[2001:db8::7]:443", "2001:db8:0:0"},
        {"[::1]:443", "0:0:0:0"},
        {"[fe80::1:2:3:4:5:6]:1", "fe80:0:1:2"},
        {"[2001:db8:1:2::]:443", "2001:db8:1:2"},
        {"local", "local"},
    };
    for (uint32_t i = 0; i < COUNT_OF(pairs); i++) {
        char key[LIMITER_KEY_SIZE];
        limiter_key(pairs[i][0], key);
        assert_string_equal(key, pairs[i][1]);
    }
}

static void a_bucket_empties_and_fills(void **state)
{
    (void)state;
    struct limiter *l = reserved(reserve_limiter);
    assert_int_equal(limiter_take(l, "a", at_ms(0)), 0); /* no limit yet */
    limiter_set(l, 60, 4); /* one a second, four at once */
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(limiter_take(l, "a", at_ms(1000)), 0);
    assert_int_equal(limiter_take(l, "a", at_ms(1000)), 1000);
    assert_int_equal(limiter_look(l, "a", at_ms(1400)), 600);
    assert_int_equal(limiter_take(l, "b", at_ms(1400)), 0); /* another's is full */
    assert_int_equal(limiter_look(l, "a", at_ms(2000)), 0);
    assert_int_equal(limiter_take(l, "a", at_ms(2000)), 0);
    assert_true(limiter_take(l, "a", at_ms(2000)) > 0);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(limiter_take(l, "a", at_ms(90000)), 0); /* no more than a bucket full */
    assert_true(limiter_take(l, "a", at_ms(90000)) > 0);
    free(l);
}

static void the_bucket_unused_longest_gives_way(void **state)
{
    (void)state;
    struct limiter *l = reserved(reserve_limiter);
    limiter_set(l, 1, 1);
    assert_int_equal(limiter_take(l, "a", at_ms(1)), 0);
    assert_int_equal(limiter_take(l, "b", at_ms(2)), 0);
    assert_int_equal(limiter_take(l, "c", at_ms(3)), 0);
    assert_true(limiter_take(l, "a", at_ms(4)) > 0);
    assert_int_equal(limiter_take(l, "d", at_ms(5)), 0); /* in place of b */
    assert_true(limiter_take(l, "a", at_ms(6)) > 0);
    assert_true(limiter_take(l, "c", at_ms(6)) > 0);
    assert_int_equal(limiter_take(l, "b", at_ms(7)), 0);
    free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_reads_back),
        cmocka_unit_test(a_login_ends_by_itself),
        cmocka_unit_test(the_login_unused_longest_gives_way),
        cmocka_unit_test(addresses_have_keys),
        cmocka_unit_test(a_bucket_empties_and_fills),
        cmocka_unit_test(the_bucket_unused_longest_gives_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
