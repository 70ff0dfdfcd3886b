/* SPDX-License-Identifier: MIT */
/* Requests of the simulation: an answer goes to the memory that was brought for
 * it, whole or cut, and to no other byte. */
#include "tests/unit/unit.h"

#include <string.h>

#include "platform/base/text.h"
#include "platform/sim/sim.h"

static void answer_with_digits(void *ctx, const struct sim_call *call, struct sim_reply *reply)
{
    assert_string_equal(call->method, "PUT");
    reply->body = ctx;
    reply->date = "Sun, 06 Nov 1994 08:49:37 GMT";
}

/* The answer's body of `size` bytes of the caller's memory, 0: of none. */
static const struct plat_answer *ask(struct sim_world *w, struct plat *m, char *room, uint32_t size,
                                     int *request)
{
    const struct plat_request r = {.method = "PUT",
                                   .url = "http://there/",
                                   .headers = "",
                                   .body = "",
                                   .timeout_ms = 1000,
                                   .ca_file = "",
                                   .aws_scope = "",
                                   .user = "",
                                   .password = "",
                                   .mail_from = "",
                                   .mail_to = "",
                                   .answer = room,
                                   .answer_size = size};
    const struct plat_answer *a = NULL;
    *request = plat_request_start(m, &r);
    assert_true(*request >= 0);
    for (uint32_t i = 0; i < 2000 && (a = plat_request_answer(m, *request)) == NULL; i++) {
        (void)plat_wait(m, mono_after_ms(plat_mono(m), 1));
        sim_advance_to(w, sim_now(w) + NS_PER_MS);
    }
    assert_non_null(a);
    assert_string_equal(a->date, "Sun, 06 Nov 1994 08:49:37 GMT");
    return a;
}

static void test_an_answer_goes_to_the_memory_brought_for_it(void **state)
{
    (void)state;
    static char digits[] = "0123456789";
    static const struct sim_outbound calm = {.latency_min_ns = NS_PER_MS, .latency_max_ns = NS_PER_MS};
    struct sim_world *w = sim_new(1);
    struct plat *m = sim_machine(w, "m");
    char room[16];
    int request;
    sim_service(w, &calm, answer_with_digits, digits);
    for (uint32_t size = 1; size < sizeof room; size++) {
        memset(room, '#', sizeof room);
        const struct plat_answer *a = ask(w, m, room, size, &request);
        assert_ptr_equal(a->body, room);
        assert_int_equal(a->body_size, size - 1 < 10 ? size - 1 : 10);
        assert_int_equal(a->truncated, size - 1 < 10);
        assert_int_equal(room[a->body_size], '\0');
        assert_memory_equal(room, digits, a->body_size);
        for (uint32_t i = size; i < sizeof room; i++)
            assert_int_equal(room[i], '#');
        plat_request_end(m, request);
    }
    const struct plat_answer *a = ask(w, m, NULL, 0, &request);
    assert_string_equal(a->body, digits);
    assert_false(a->truncated);
    plat_request_end(m, request);
    sim_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_goes_to_the_memory_brought_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
