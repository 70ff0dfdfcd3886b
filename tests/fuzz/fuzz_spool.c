/* SPDX-License-Identifier: MIT */
/* What the agent's spool file may hold after any misfortune: opened, put into, and read to its end. */
#include "tests/fuzz/fuzz.h"

#include "agent/spool_file.h"
#include "platform/sim/sim.h"

#define FILE_SIZE (SPOOL_SEGMENTS_LEAST * 4096U)

static uint8_t scratch[SCRATCH_SIZE];
static struct spool spool;
static struct series series;

/* As the uplink empties it: every block is sent or given up, and then nothing is left. */
static void drain(struct spool *s)
{
    uint8_t data[SPOOL_DATA_MAX];
    uint64_t held = s->sample_count;
    while (spool_can_read(s)) {
        struct spool_record r = s->oldest;
        FUZZ_CHECK(r.kind == SPOOL_BLOCK && r.count > 0 && r.size <= SPOOL_DATA_MAX);
        FUZZ_CHECK(spool_oldest_epoch_end(s) > r.sequence);
        uint64_t before = s->sample_count;
        if (spool_data(s, &r, data) == ERR_OK)
            (void)spool_acknowledge(s, r.epoch, spool_last_sequence(&r));
        if (s->has_oldest && s->oldest.place.segment == r.place.segment &&
            s->oldest.place.offset == r.place.offset)
            spool_give_up_block(s);
        FUZZ_CHECK(s->sample_count <= before && before <= held);
    }
    FUZZ_CHECK(s->sample_count == 0);
    FUZZ_CHECK(spool_newest_epoch(s) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t file[FILE_SIZE];
    static const uint8_t block[40];
    struct sim_world *w = sim_new(1);
    struct plat *p = sim_machine(w, "web");
    memset(file, 0, sizeof file);
    memcpy(file, bytes, size < sizeof file ? size : sizeof file);
    sim_disk_put(p, SPOOL_FILE, file, sizeof file);
    series_init(&series);
    spool_init(&spool, p, &series, scratch, sizeof file);
    spool_open(&spool, "web", plat_mono(p));
    FUZZ_CHECK(spool_is_ready(&spool, plat_mono(p)));
    uint64_t held = spool.sample_count;
    const struct ring_block b = {.sequence = 1, .count = 1, .size = sizeof block, .data = block};
    FUZZ_CHECK(spool_put(&spool, 77, &b, false, plat_mono(p)) == ERR_OK);
    FUZZ_CHECK(spool_newest_epoch(&spool) == 77);
    FUZZ_CHECK(spool.sample_count + spool.lost_count + spool.in_doubt_count >= held);
    drain(&spool);
    sim_free(w);
    return 0;
}
