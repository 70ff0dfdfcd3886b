/* SPDX-License-Identifier: MIT */
/* API tokens, revocations and audit entries: what counts at once, what a crash leaves, what is bounded. */
#include "aggregator/store/store_access.h"
#include "tests/unit/store/rig.h"

static int set_up(void **state)
{
    struct rig *r = rig_new(1);
    rig_must_open(r);
    *state = r;
    return 0;
}

static int tear_down(void **state)
{
    rig_free(*state);
    return 0;
}

static int add(struct rig *r, const char *name, uint8_t number)
{
    struct api_token t = {.role = ROLE_VIEWER, .created_ms = 5, .expires_ms = 9};
    memset(t.id, number, sizeof t.id);
    memset(t.hash, number + 1, sizeof t.hash);
    (void)text_copy(t.name, sizeof t.name, name);
    return store_api_token_add(r->store, &t);
}

static void a_token_is_there_at_once_and_after_a_restart(void **state)
{
    struct rig *r = *state;
    int place = add(r, "grafana", 3);
    assert_true(place >= 0);
    assert_int_equal(store_api_token_named(r->store, "grafana"), place);
    assert_int_equal(add(r, "grafana", 4), ERR_BUSY);
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_restart(r, SIM_POWER_CUT);
    place = store_api_token_named(r->store, "grafana");
    const struct api_token *t = store_api_token(r->store, (uint32_t)place);
    assert_non_null(t);
    assert_int_equal(t->role, ROLE_VIEWER);
    assert_int_equal(t->expires_ms, 9);
    assert_int_equal(t->hash[31], 4);
    assert_int_equal(store_api_token_find(r->store, t->id), store_api_token_named(r->store, "grafana"));
}

static void what_is_not_committed_is_gone_after_a_power_cut(void **state)
{
    struct rig *r = *state;
    assert_true(add(r, "lost", 3) >= 0);
    rig_restart(r, SIM_POWER_CUT);
    assert_int_equal(store_api_token_named(r->store, "lost"), ERR_MISSING);
}

static void a_removed_token_is_gone_at_once_and_for_ever(void **state)
{
    struct rig *r = *state;
    int place = add(r, "old", 3);
    assert_int_equal(store_commit(r->store), ERR_OK);
    store_api_token_remove(r->store, (uint32_t)place);
    assert_int_equal(store_api_token_named(r->store, "old"), ERR_MISSING);
    assert_true(add(r, "new", 4) >= 0 && add(r, "new", 4) == ERR_BUSY);
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_restart(r, SIM_POWER_CUT);
    assert_int_equal(store_api_token_named(r->store, "old"), ERR_MISSING);
    assert_true(store_api_token_named(r->store, "new") >= 0);
}

static void tokens_are_bounded(void **state)
{
    struct rig *r = *state;
    char name[16];
    for (uint32_t i = 0; i < API_TOKENS_MAX; i++) {
        snprintf(name, sizeof name, "t%u", i);
        assert_true(add(r, name, (uint8_t)i) >= 0);
    }
    assert_int_equal(add(r, "one more", 1), ERR_FULL);
}

static void use_is_noted_once_a_minute(void **state)
{
    struct rig *r = *state;
    uint32_t place = (uint32_t)add(r, "t", 1);
    assert_int_equal(store_commit(r->store), ERR_OK);
    store_api_token_used(r->store, place, 100000);
    assert_int_equal(store_api_token(r->store, place)->used_ms, 100000);
    assert_int_equal(store_commit(r->store), ERR_OK);
    uint64_t awaited = store_commit_awaited(r->store);
    store_api_token_used(r->store, place, 159999);
    assert_int_equal(store_commit_awaited(r->store), awaited); /* nothing is staged */
    store_api_token_used(r->store, place, 160000);
    assert_int_equal(store_api_token(r->store, place)->used_ms, 160000);
}

static void a_revocation_is_kept(void **state)
{
    struct rig *r = *state;
    uint32_t one = rig_instance(r, "one"), two = rig_instance(r, "two");
    store_instance_revoke(r->store, one, 77);
    store_instance_revoke(r->store, two, 78);
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_restart(r, SIM_POWER_CUT);
    assert_int_equal(store_instance(r->store, one)->revoked_ms, 77);
    store_instance_revoke(r->store, one, 0);
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_restart(r, SIM_POWER_CUT);
    assert_int_equal(store_instance(r->store, one)->revoked_ms, 0);
    assert_int_equal(store_instance(r->store, two)->revoked_ms, 78);
}

static struct audit_entry entry(int64_t ms)
{
    struct audit_entry e = {.time_ms = ms, .result = 200};
    (void)text_copy(e.who, sizeof e.who, "alice");
    (void)text_copy(e.what, sizeof e.what, "revoked something");
    return e;
}

static void audit_entries_are_read_newest_first(void **state)
{
    struct rig *r = *state;
    struct audit_entry e;
    for (int64_t i = 1; i <= 3; i++) {
        e = entry(i * 10);
        assert_int_equal(store_audit(r->store, &e), ERR_OK);
    }
    assert_int_equal(store_audit_before(r->store, INT64_MAX, &e), 0); /* not committed */
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_restart(r, SIM_POWER_CUT);
    e = entry(40);
    assert_int_equal(store_audit(r->store, &e), ERR_OK);
    assert_int_equal(store_commit(r->store), ERR_OK);
    int64_t before = INT64_MAX;
    for (int64_t i = 4; i >= 1; i--) {
        assert_int_equal(store_audit_before(r->store, before, &e), 1);
        assert_int_equal(e.id, i);
        assert_int_equal(e.time_ms, i * 10);
        assert_string_equal(e.who, "alice");
        before = e.id;
    }
    assert_int_equal(store_audit_before(r->store, before, &e), 0);
}

static void a_change_is_not_made_when_it_cannot_be_noted(void **state)
{
    struct rig *r = *state;
    struct audit_entry e = entry(1);
    for (uint32_t i = 0; i < AUDIT_STAGED_MAX; i++)
        assert_int_equal(store_audit(r->store, &e), ERR_OK);
    assert_int_equal(store_audit(r->store, &e), ERR_FULL);
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(store_audit(r->store, &e), ERR_OK);
}

static void the_log_is_bounded(void **state)
{
    struct rig *r = *state;
    struct audit_entry e;
    for (int64_t i = 1; i <= AUDIT_KEPT_MAX + 100; i++) {
        e = entry(i);
        if (store_audit(r->store, &e) == ERR_FULL) {
            assert_int_equal(store_commit(r->store), ERR_OK);
            assert_int_equal(store_audit(r->store, &e), ERR_OK);
        }
    }
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(store_audit_before(r->store, INT64_MAX, &e), 1);
    assert_int_equal(e.id, AUDIT_KEPT_MAX + 100);
    assert_int_equal(store_audit_before(r->store, 102, &e), 1);
    assert_int_equal(e.id, 101);
    assert_int_equal(store_audit_before(r->store, 101, &e), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_token_is_there_at_once_and_after_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_committed_is_gone_after_a_power_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_removed_token_is_gone_at_once_and_for_ever, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tokens_are_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(use_is_noted_once_a_minute, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_revocation_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(audit_entries_are_read_newest_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_change_is_not_made_when_it_cannot_be_noted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_log_is_bounded, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
