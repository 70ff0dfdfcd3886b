/* SPDX-License-Identifier: MIT */
/* Troubles planted into hosts that are measured every second: how many are told, how soon, how many more
 * pages come of the same one, and how often a host pages of nothing in a month. faults [HOSTS]: so many of
 * each. */
#include <stdio.h>
#include <time.h>

#include "tests/unit/analysis/faults.h"

#define EVERY_MS 1000
#define HOSTS 3U
#define JOB_HOSTS 2U
#define QUIET_DAYS 10
#define DAY_MS 86400000.0

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print_delay(int64_t ms)
{
    if (ms < 7200000)
        printf(" %6.1f min", (double)ms / 60000);
    else
        printf(" %6.1f h  ", (double)ms / 3600000);
}

static void print_found(const char *name, uint32_t planted, const struct finding *f)
{
    printf("%-34s %4u of %-3u", name, f->found, planted);
    if (f->found == 0) {
        printf(" %10s %10s", "", "");
    } else {
        print_delay(f->delay_ms / f->found);
        print_delay(f->worst_ms);
    }
}

static void print_rest(const struct tally *t)
{
    printf(" %7u %7u %9.1f\n", t->repeats, t->false_pages, (double)t->host_ms / DAY_MS);
    fflush(stdout);
}

static void tally_join(struct tally *all, const struct tally *t, bool must_page)
{
    all->planted += must_page ? t->planted : 0;
    all->any.found += must_page ? t->any.found : 0;
    all->repeats += t->repeats;
    all->false_pages += t->false_pages;
    all->host_ms += t->host_ms;
}

static void one_fault(const struct fault *f, uint32_t at, uint32_t hosts, struct tally *all)
{
    struct tally t = {0};
    for (uint32_t i = 0; i < hosts; i++)
        host_with_fault(&t, 100 * (at + 1) + i, f, EVERY_MS);
    print_found(f->name, t.planted, &t.any);
    print_rest(&t);
    for (uint32_t k = 0; k < TELLERS_MAX && f->tellers[1] != NULL && f->tellers[k] != NULL; k++) {
        char words[80];
        snprintf(words, sizeof words, "  %s", f->tellers[k]);
        print_found(words, t.planted, &t.by[k]);
        printf("\n");
    }
    tally_join(all, &t, f->must_page);
}

static void nightly_job(const char *name, uint32_t late_minutes, struct tally *all)
{
    struct tally t = {0};
    uint32_t nights[JOB_NIGHTS] = {0};
    for (uint32_t i = 0; i < JOB_HOSTS; i++)
        host_with_job(&t, 900 + i, EVERY_MS, late_minutes, nights);
    printf("%-34s %22s %10s", name, "", "");
    print_rest(&t);
    printf("  pages of each night, %u hosts:", JOB_HOSTS);
    for (uint32_t i = 0; i < JOB_NIGHTS; i++)
        printf("%s %u", i == JOB_LEARNT ? "; then:" : "", nights[i]);
    printf("\n");
    tally_join(all, &t, false);
}

static void print_months(const char *what, const struct tally *t)
{
    double months = (double)t->host_ms / DAY_MS / 30;
    printf("%-34s %5.2f false pages a host-month, %.2f with further ones of the same trouble, in %.1f\n",
           what, t->false_pages / months, (t->false_pages + t->repeats) / months, months);
}

int main(int argc, char **argv)
{
    uint32_t hosts = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : HOSTS;
    struct tally all = {0}, quiet = {0}, jobs = {0};
    printf("%-34s %-11s %10s %10s %7s %7s %9s\n", "planted", "told", "mean", "worst", "more", "false",
           "host-days");
    for (uint32_t i = 0; i < FAULTS; i++)
        one_fault(&faults[i], i, hosts, &all);
    for (uint32_t i = 0; i < hosts; i++)
        quiet_host(&quiet, 1000 + i, EVERY_MS, QUIET_DAYS);
    printf("%-34s %22s %10s", "quiet host", "", "");
    print_rest(&quiet);
    tally_join(&all, &quiet, false);
    nightly_job("nightly job, at 02:00", 0, &jobs);
    nightly_job("nightly job, within 20 min", 20, &jobs);
    printf("recall %.2f (target 0.98)\n", (double)all.any.found / all.planted);
    print_months("hosts without a nightly job", &all);
    print_months("hosts with one", &jobs);
    printf("%34s target: 2.4 with further ones, in the end 0.5\n%.0f s of CPU\n", "", cpu_s());
    return 0;
}
