/* SPDX-License-Identifier: MIT */
/* Troubles that are planted into hosts which run for days, and the count of what was told of them: found, how
 * soon, told more than once, and told of nothing. Hosts, not minutes, go through the rooms as they do in the
 * aggregator: store, feed, minutes, models, rules, predictions, patterns. */
#ifndef NEPHOS_TESTS_FAULTS_H
#define NEPHOS_TESTS_FAULTS_H

#include "tests/unit/analysis/detect_rig.h"

#define TELLERS_MAX 3U
#define LEARN_DAYS 4
/* What is held back until the next samples still belongs to the trouble. */
#define AFTER_MINUTES 10

struct fault {
    const char *name;
    double stress, stolen;             /* share of the CPU: of its own load; that others take */
    double fill_an_hour, leak_an_hour; /* percent of the disk, of memory */
    int64_t minutes;                   /* how long it lasts */
    uint32_t each;                     /* so often in a host */
    bool must_page;                    /* else it must not */
    bool stays;                        /* the host ends with it */
    const char *tellers[TELLERS_MAX];  /* rules and patterns that find it */
};

/* What a person would call trouble, and what is only another day. */
enum { SPIKE, LOAD_THAT_STAYS, NEW_LEVEL, NEIGHBOUR, LEAK, FULL_DISK, BLIP, FAULTS };
static const struct fault faults[FAULTS] = {
    [SPIKE] = {.name = "spike of load, 20 min", .stress = 0.65, .minutes = 20, .each = 2, .must_page = true,
               .tellers = {"anomaly", "rule:cpu"}},
    [LOAD_THAT_STAYS] = {.name = "load that stays, 3 h", .stress = 0.4, .minutes = 180, .each = 2,
                         .must_page = true, .tellers = {"anomaly"}},
    [NEW_LEVEL] = {.name = "new level of load", .stress = 0.3, .minutes = DAYS(3), .each = 1,
                   .must_page = true, .stays = true, .tellers = {"anomaly"}},
    [NEIGHBOUR] = {.name = "noisy neighbour, 6 h", .stolen = 0.3, .minutes = HOURS(6), .each = 1,
                   .must_page = true, .tellers = {"rule:steal", "anomaly", "pattern/neighbour"}},
    [LEAK] = {.name = "leak of memory, 66 h", .leak_an_hour = 0.8, .minutes = HOURS(66), .each = 1,
              .must_page = true, .tellers = {"forecast:memory_usage_percent", "rule:memory", "pattern/leak"}},
    [FULL_DISK] = {.name = "disk full in 10 h", .fill_an_hour = 6.5, .minutes = HOURS(10), .each = 2,
                   .must_page = true, .tellers = {"forecast:disk_usage_percent", "rule:disk_space"}},
    [BLIP] = {.name = "short blip, 2 min", .stress = 0.5, .minutes = 2, .each = 2},
};

struct finding {
    uint32_t found;
    int64_t delay_ms, worst_ms; /* of all together; the longest */
};

struct tally {
    uint32_t planted;
    struct finding by[TELLERS_MAX], any; /* any: whichever came first */
    uint32_t repeats;           /* pages of the same trouble beyond one of each teller */
    uint32_t false_pages;       /* of nothing, or of what must not page */
    int64_t host_ms;
};

static inline void finding_add(struct finding *to, int64_t delay_ms)
{
    to->found++;
    to->delay_ms += delay_ms;
    to->worst_ms = delay_ms > to->worst_ms ? delay_ms : to->worst_ms;
}

static inline uint32_t scene_pages(const struct scene *m, uint32_t from)
{
    uint32_t pages = 0;
    for (uint32_t i = from; i < m->noted_count; i++)
        pages += m->noted[i].is_page;
    return pages;
}

/* What has been noted since `from` is of this fault, which began then. */
static inline void tally_fault(struct tally *t, const struct scene *m, const struct fault *f, uint32_t from,
                               int64_t began_ms)
{
    int64_t first_ms = INT64_MAX;
    uint32_t pages = scene_pages(m, from), kinds = 0;
    t->planted++;
    for (uint32_t k = 0; k < TELLERS_MAX && f->tellers[k] != NULL; k++) {
        for (uint32_t i = from; i < m->noted_count; i++) {
            if (!text_equal(m->noted[i].rule, f->tellers[k]))
                continue;
            finding_add(&t->by[k], m->noted[i].ms - began_ms);
            first_ms = m->noted[i].ms < first_ms ? m->noted[i].ms : first_ms;
            kinds += m->noted[i].is_page;
            break;
        }
    }
    if (first_ms != INT64_MAX)
        finding_add(&t->any, first_ms - began_ms);
    if (f->must_page)
        t->repeats += pages - kinds;
    else
        t->false_pages += pages;
}

static inline void plant(struct scene *m, const struct fault *f, struct tally *t)
{
    uint32_t before = m->noted_count;
    int64_t began_ms = m->ms;
    m->stress = f->stress;
    m->stolen = f->stolen;
    m->fill_an_hour = f->fill_an_hour;
    m->leak_an_hour = f->leak_an_hour;
    scene_run(m, f->minutes);
    if (!f->stays) {
        m->stress = m->stolen = m->fill_an_hour = m->leak_an_hour = 0;
        m->filled = m->leaked = 0;
        scene_run(m, AFTER_MINUTES);
    }
    tally_fault(t, m, f, before, began_ms);
}

/* So many quiet minutes: whatever is told is false. */
static inline void quiet_for(struct scene *m, int64_t minutes, struct tally *t)
{
    uint32_t before = m->noted_count;
    scene_run(m, minutes);
    t->false_pages += scene_pages(m, before);
}

/* Days to learn, then the fault, at another time of the day each. */
static inline void host_with_fault(struct tally *t, uint64_t seed, const struct fault *f, int64_t every_ms)
{
    struct scene *m = scene_new_of(seed, every_ms, true);
    int64_t first_ms = m->ms;
    quiet_for(m, DAYS(LEARN_DAYS), t);
    for (uint32_t i = 0; i < f->each; i++) {
        quiet_for(m, HOURS(35) + (int64_t)(unit_random(&m->random) % 60) * 2, t);
        plant(m, f, t);
    }
    t->host_ms += m->ms - first_ms;
    scene_free(m);
}

/* --- a job every night: trouble at first, then what is usual at that hour --- */

#define JOB_NIGHTS 14U
#define JOB_LEARNT 7U /* so many nights must be enough */
#define JOB_HOUR 2
#define JOB_MINUTES 30
#define JOB_STRESS 0.5

/* The job begins up to `late_minutes`, an even number, after its hour. Pages of each night are added to
 * `nights`; those once it is learnt are false. */
static inline void host_with_job(struct tally *t, uint64_t seed, int64_t every_ms, uint32_t late_minutes,
                                 uint32_t nights[static JOB_NIGHTS])
{
    struct scene *m = scene_new_of(seed, every_ms, true);
    int64_t first_ms = m->ms;
    quiet_for(m, DAYS(LEARN_DAYS), t);
    for (uint32_t night = 0; night < JOB_NIGHTS; night++) {
        int64_t late = (int64_t)(unit_random(&m->random) % (late_minutes / 2 + 1)) * 2;
        quiet_for(m, HOURS(JOB_HOUR) + late, t);
        uint32_t before = m->noted_count;
        m->stress = JOB_STRESS;
        scene_run(m, JOB_MINUTES);
        m->stress = 0;
        scene_run(m, AFTER_MINUTES);
        uint32_t pages = scene_pages(m, before);
        nights[night] += pages;
        t->planted++;
        t->false_pages += night < JOB_LEARNT ? 0 : pages;
        quiet_for(m, HOURS(24 - JOB_HOUR) - JOB_MINUTES - AFTER_MINUTES - late, t);
    }
    t->host_ms += m->ms - first_ms;
    scene_free(m);
}

static inline void quiet_host(struct tally *t, uint64_t seed, int64_t every_ms, int64_t days)
{
    struct scene *m = scene_new_of(seed, every_ms, true);
    int64_t first_ms = m->ms;
    quiet_for(m, DAYS(days), t);
    t->host_ms += m->ms - first_ms;
    scene_free(m);
}

#endif
