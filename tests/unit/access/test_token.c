/* SPDX-License-Identifier: MIT */
/* Join tokens and their records: what is let in, and which words the others get. */
#include "aggregator/access/token.c"

#include "platform/sim/sim.h"
#include "tests/unit/unit.h"

struct house {
    struct sim_world *world;
    struct plat *hub;
    char words[256];
    struct text why;
    struct token_record record;
};

static int set_up(void **state)
{
    struct house *h = calloc(1, sizeof *h);
    h->world = sim_new(1);
    h->hub = sim_machine(h->world, "hub");
    text_init(&h->why, h->words, sizeof h->words);
    *state = h;
    return authority_open(h->hub);
}

static int tear_down(void **state)
{
    struct house *h = *state;
    sim_free(h->world);
    free(h);
    return 0;
}

static void must_be_denied(struct house *h, const char *text, const char *word)
{
    text_clear(&h->why);
    assert_true(token_check(h->hub, text, &h->record, &h->why) < 0);
    if (strstr(h->words, word) == NULL || strstr(h->words, "token create") == NULL)
        fail_msg("not explained: %s", h->words);
}

static void a_good_token_is_known(void **state)
{
    struct house *h = *state;
    char text[TOKEN_TEXT_SIZE];
    assert_int_equal(token_create(h->hub, 7, 60000, text), ERR_OK);
    assert_int_equal(token_check(h->hub, text, &h->record, &h->why), ERR_OK);
    assert_int_equal(h->record.uses_max, 7);
    assert_int_equal(h->record.expires_ms, wall_ms(plat_wall(h->hub)) + 60000);
    sim_kill(h->hub, SIM_POWER_CUT);
    sim_restart(h->hub);
    assert_int_equal(authority_open(h->hub), ERR_OK);
    assert_int_equal(token_check(h->hub, text, &h->record, &h->why), ERR_OK);
}

static void it_expires_to_the_millisecond(void **state)
{
    struct house *h = *state;
    char text[TOKEN_TEXT_SIZE];
    assert_int_equal(token_create(h->hub, 1, 60000, text), ERR_OK);
    sim_advance(h->world, 59999 * NS_PER_MS);
    assert_int_equal(token_check(h->hub, text, &h->record, &h->why), ERR_OK);
    sim_advance(h->world, NS_PER_MS);
    must_be_denied(h, text, "expired");
}

static void each_kind_of_wrong_has_its_words(void **state)
{
    struct house *h = *state;
    char text[TOKEN_TEXT_SIZE];
    struct token t;
    must_be_denied(h, "nph1_nonsense", "malformed");
    assert_int_equal(token_create(h->hub, 1, 60000, text), ERR_OK);
    assert_int_equal(token_read(text, &t), ERR_OK);
    t.secret[3] ^= 1;
    token_write(&t, text);
    must_be_denied(h, text, "secret");
    t.id[0] ^= 1;
    token_write(&t, text);
    must_be_denied(h, text, "unknown");
    t.ca_hash[31] ^= 1;
    token_write(&t, text);
    must_be_denied(h, text, "another aggregator");
}

static void the_secret_is_not_on_disk(void **state)
{
    struct house *h = *state;
    char text[TOKEN_TEXT_SIZE], name[FILE_NAME_SIZE];
    struct token t;
    assert_int_equal(token_create(h->hub, 1, 60000, text), ERR_OK);
    assert_int_equal(token_read(text, &t), ERR_OK);
    record_name(t.id, name);
    int64_t size = 0;
    const uint8_t *file = sim_disk_file(h->hub, name, &size);
    assert_non_null(file);
    assert_int_equal(size, RECORD_SIZE);
    for (int64_t i = 0; i + (int64_t)sizeof t.secret <= size; i++)
        assert_memory_not_equal(file + i, t.secret, sizeof t.secret);
}

static void a_damaged_record_lets_nobody_in(void **state)
{
    struct house *h = *state;
    char text[TOKEN_TEXT_SIZE], name[FILE_NAME_SIZE];
    struct token t;
    assert_int_equal(token_create(h->hub, 1, 60000, text), ERR_OK);
    assert_int_equal(token_read(text, &t), ERR_OK);
    record_name(t.id, name);
    int64_t size = 0;
    uint8_t good[RECORD_SIZE], bad[RECORD_SIZE + 1];
    memcpy(good, sim_disk_file(h->hub, name, &size), RECORD_SIZE);
    for (uint32_t i = 0; i < RECORD_SIZE; i++) {
        memcpy(bad, good, RECORD_SIZE);
        bad[i] ^= 0x10;
        sim_disk_put(h->hub, name, bad, RECORD_SIZE);
        must_be_denied(h, text, "unknown");
    }
    memcpy(bad, good, RECORD_SIZE);
    bad[RECORD_SIZE] = 0;
    sim_disk_put(h->hub, name, bad, RECORD_SIZE + 1);
    must_be_denied(h, text, "unknown");
    sim_disk_put(h->hub, name, good, RECORD_SIZE - 1);
    must_be_denied(h, text, "unknown");
    sim_disk_put(h->hub, name, good, RECORD_SIZE);
    assert_int_equal(token_check(h->hub, text, &h->record, &h->why), ERR_OK);
}

static void a_full_disk_makes_no_token(void **state)
{
    struct house *h = *state;
    char text[TOKEN_TEXT_SIZE];
    sim_disk_full(h->hub, true);
    assert_true(token_create(h->hub, 1, 60000, text) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_token_is_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_expires_to_the_millisecond, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_kind_of_wrong_has_its_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_secret_is_not_on_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_record_lets_nobody_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_makes_no_token, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
