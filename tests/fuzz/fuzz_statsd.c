/* SPDX-License-Identifier: MIT */
/* A datagram from any program of the machine. The first byte says whether the pool of series is nearly full.
 *
 * Promises: every line is counted once; tables stay within their limits; what is put into a sample are slots
 * whose names and tags are printable. */
#include "tests/fuzz/fuzz.h"

#include "agent/inputs/statsd.h"
#include "platform/base/utf8.h"

static struct series series;
static struct statsd statsd;
static struct sample sample;
static uint8_t scratch[SCRATCH_SIZE];

/* The platform as far as StatsD knows it: a clock that moves, and nobody who listens. */
static int64_t now_ns;
struct mono plat_mono(struct plat *p)
{
    (void)p;
    return (struct mono){now_ns += NS_PER_S};
}
void plat_log(struct plat *p, enum log_level level, const char *format, ...)
{
    (void)p, (void)level, (void)format;
}
int plat_udp_listen(struct plat *p, const char *address)
{
    (void)p, (void)address;
    return ERR_SYSTEM;
}
int plat_udp_receive(struct plat *p, int socket, void *to, uint32_t size)
{
    (void)p, (void)socket, (void)to, (void)size;
    return ERR_AGAIN;
}
uint32_t plat_udp_dropped(struct plat *p, int socket)
{
    (void)p, (void)socket;
    return 0;
}
void plat_pause(struct plat *p, int conn, bool paused)
{
    (void)p, (void)conn, (void)paused;
}
void plat_close(struct plat *p, int conn)
{
    (void)p, (void)conn;
}

static void check_names(void)
{
    for (uint32_t slot = 0; slot < series.count; slot++) {
        char tag[TAG_SIZE];
        struct wire_series it;
        series_describe(&series, slot, tag, &it);
        FUZZ_CHECK(it.metric[0] != '\0' && strlen(it.metric) < METRIC_SIZE && utf8_printable(it.metric));
        FUZZ_CHECK(utf8_printable(it.tag) && utf8_printable(it.unit));
        FUZZ_CHECK(strpbrk(it.metric, " ,*") == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    char *text = fuzz_exact(bytes + 1, size - 1);
    series_init(&series);
    statsd_init(&statsd, NULL, &series, scratch, "");
    char name[16];
    for (uint32_t i = 0; bytes[0] % 2 == 1 && i < CUSTOM_SERIES_MAX - 9; i++) {
        snprintf(name, sizeof name, "m%u", i);
        (void)series_custom(&series, name, "", "count", false);
    }
    for (uint32_t round = 0; round < 3; round++) {
        now_ns += (int64_t)(bytes[0] >> 1) * NS_PER_S;
        uint64_t told = statsd.bad_lines + statsd.refused + statsd.skipped, lines = statsd.lines;
        statsd_datagram(&statsd, text, (uint32_t)size - 1, plat_mono(NULL));
        FUZZ_CHECK(statsd.bad_lines + statsd.refused + statsd.skipped - told <= statsd.lines - lines);
        FUZZ_CHECK(statsd.count <= STATSD_ENTRIES_MAX && statsd.timer_count <= STATSD_TIMERS_MAX &&
                   statsd.set_count <= STATSD_SETS_MAX && series.custom_count <= CUSTOM_SERIES_MAX);
        sample_clear(&sample, 0);
        statsd_take(&statsd, &sample, plat_mono(NULL));
        for (uint32_t slot = series.count; slot < SLOTS_MAX; slot++)
            FUZZ_CHECK(!sample_has(&sample, slot));
    }
    check_names();
    free(text);
    return 0;
}
