/* SPDX-License-Identifier: MIT */
/* A block as a batch or a journal row carries it. First byte: how many samples it is said to have.
 *
 * Promise: a block that decodes is encoded and decoded again to the same samples; reading only its times
 * gives the same times. */
#include "tests/fuzz/fuzz.h"

#include "proto/block.h"

static struct block_matrix first, second, times;
static uint8_t room[BLOCK_DATA_MAX];

/* A section may name a process twice in a sample, or more than once in its list: only the agent's own
 * never does. What is left of it must come back. */
static void check_processes(uint32_t count)
{
    struct processes a = block_processes_view(&first.processes), b = block_processes_view(&second.processes);
    FUZZ_CHECK(a.id_count <= BLOCK_PROCESSES_MAX && a.use_count <= count * PROCESS_TOPS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        struct process_tops of_a = {0}, of_b = {0};
        processes_of_sample(&a, i, &of_a);
        processes_of_sample(&b, i, &of_b);
        FUZZ_CHECK(of_a.count <= PROCESS_TOPS_MAX && memcmp(&of_a, &of_b, sizeof of_a) == 0);
    }
    static struct block_processes merged;
    merged.id_count = merged.use_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct process_tops tops = {0};
        processes_of_sample(&a, i, &tops);
        for (uint32_t k = 1; k < tops.count; k++)
            if (tops.tops[k].pid == tops.tops[k - 1].pid)
                return; /* perhaps the same one twice */
        FUZZ_CHECK(block_processes_add(&merged, i, &tops) == ERR_OK);
    }
    block_processes_drop(&merged, count / 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 1)
        return 0;
    uint32_t count = bytes[0];
    size--;
    uint8_t *exact = fuzz_exact(bytes + 1, size);
    int head = block_decode_times(exact, (uint32_t)size, count, &times);
    int err = block_decode(exact, (uint32_t)size, count, &first);
    free(exact);
    FUZZ_CHECK(err == ERR_OK || err == ERR_MALFORMED);
    FUZZ_CHECK(err != ERR_OK || head > 0);
    if (err != ERR_OK)
        return 0;
    FUZZ_CHECK(memcmp(times.time_ms, first.time_ms, count * sizeof first.time_ms[0]) == 0);
    int n = block_encode(&first, room, sizeof room);
    FUZZ_CHECK(n > 0);
    FUZZ_CHECK(block_decode(room, (uint32_t)n, count, &second) == ERR_OK);
    FUZZ_CHECK(first.slot_count == second.slot_count);
    FUZZ_CHECK(memcmp(first.slots, second.slots, first.slot_count * sizeof first.slots[0]) == 0);
    FUZZ_CHECK(memcmp(first.time_ms, second.time_ms, count * sizeof first.time_ms[0]) == 0);
    for (uint32_t i = 0; i < first.slot_count; i++)
        FUZZ_CHECK(memcmp(first.values[i], second.values[i], count * sizeof first.values[0][0]) == 0);
    check_processes(count);
    return 0;
}
