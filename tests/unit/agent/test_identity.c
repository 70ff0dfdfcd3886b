/* SPDX-License-Identifier: MIT */
/* Who the agent is: chosen, kept, made from the machine id, or drawn. */
#include "agent/identity.c"

#include <stdio.h>

#include "platform/sim/sim.h"
#include "tests/unit/unit.h"

static void allowed_ids(void **state)
{
    (void)state;
    char longest[INSTANCE_ID_SIZE + 1];
    memset(longest, 'a', sizeof longest);
    longest[INSTANCE_ID_SIZE - 1] = '\0';
    assert_true(instance_id_allowed(longest));
    longest[INSTANCE_ID_SIZE - 1] = 'a';
    longest[INSTANCE_ID_SIZE] = '\0';
    assert_false(instance_id_allowed(longest));
    assert_true(instance_id_allowed("A-z_0.9:x"));
    assert_false(instance_id_allowed(""));
    assert_false(instance_id_allowed("a/b"));
    assert_false(instance_id_allowed("a b"));
}

static void made_from_the_machine_id(void **state)
{
    (void)state;
    struct sim_world *w = sim_new(1);
    struct plat *p = sim_machine(w, "web"), *q = sim_machine(w, "db");
    struct identity a, b, c;
    identity_init(&a, p, "", "");
    identity_init(&b, p, "", "shop front");
    identity_init(&c, q, "", "");
    assert_int_equal(strlen(a.id), 32);
    assert_true(instance_id_allowed(a.id));
    assert_string_equal(a.id, b.id);
    assert_string_not_equal(a.id, c.id);
    assert_string_equal(a.name, "web");
    assert_string_equal(b.name, "shop front");
    char plain[40];
    snprintf(plain, sizeof plain, "%s", a.host.machine_id);
    assert_string_not_equal(a.id, plain);
    sim_free(w);
}

static void first_half_of_a_hash(void **state)
{
    (void)state;
    struct sim_world *w = sim_new(1);
    struct plat *p = sim_machine(w, "web");
    char id[INSTANCE_ID_SIZE];
    make_id(p, "0123456789abcdef0123456789abcdef", id);
    /* sha256("nephos0123456789abcdef0123456789abcdef") */
    assert_string_equal(id, "4c742e875c9e6c502b58f274e6e73a01");
    char other[INSTANCE_ID_SIZE];
    make_id(p, "", id);
    make_id(p, "", other);
    assert_string_not_equal(id, other); /* by chance */
    sim_free(w);
}

static void the_kept_id_wins_over_the_machine(void **state)
{
    (void)state;
    struct sim_world *w = sim_new(1);
    struct plat *p = sim_machine(w, "web");
    struct identity it;
    identity_init(&it, p, "", "");
    text_copy(it.id, sizeof it.id, "given-by-aggregator");
    assert_int_equal(identity_keep(&it, p), ERR_OK);
    identity_init(&it, p, "", "");
    assert_string_equal(it.id, "given-by-aggregator");
    identity_init(&it, p, "chosen", "");
    assert_string_equal(it.id, "chosen");
    sim_disk_put(p, "agent.id", "bad id\n", 7);
    identity_init(&it, p, "", "");
    assert_int_equal(strlen(it.id), 32);
    sim_free(w);
}

static void the_cloud_fills_in_what_nobody_chose(void **state)
{
    (void)state;
    struct sim_world *w = sim_new(5);
    struct plat *p = sim_machine(w, "web");
    struct identity it;
    identity_init(&it, p, "", "");
    identity_choose(&it, "", "home", "");
    identity_learn(&it, "i-0abc", "aws", "eu-west-1", "t3.micro");
    assert_string_equal(it.id, "i-0abc");
    assert_string_equal(it.provider, "aws");
    assert_string_equal(it.region, "home"); /* the user's word */
    assert_string_equal(it.type, "t3.micro");
    identity_learn(&it, "i-other", "", "", ""); /* asked once */
    assert_string_equal(it.id, "i-0abc");
    identity_init(&it, p, "chosen", "");
    identity_learn(&it, "i-0abc", "aws", "", "");
    assert_string_equal(it.id, "chosen");
    assert_int_equal(identity_keep(&it, p), ERR_OK);
    identity_init(&it, p, "", ""); /* has joined, or tried to */
    identity_learn(&it, "i-0abc", "aws", "", "");
    assert_string_equal(it.id, "chosen");
    sim_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allowed_ids),
        cmocka_unit_test(made_from_the_machine_id),
        cmocka_unit_test(first_half_of_a_hash),
        cmocka_unit_test(the_kept_id_wins_over_the_machine),
        cmocka_unit_test(the_cloud_fills_in_what_nobody_chose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
