/* SPDX-License-Identifier: MIT */
/* In place of the room that stores: whatever the readers of requests hand over must be texts that end. */
#ifndef NEPHOS_TESTS_FUZZ_PUSH_STUB_H
#define NEPHOS_TESTS_FUZZ_PUSH_STUB_H

#include "tests/fuzz/fuzz.h"

#include "aggregator/push/scale.h"
#include "aggregator/push/work.h"

static struct symbols stub_symbols;
static struct otlp stub_otlp;
static struct otlp_json stub_json;
static struct push_work stub_work = {.symbols = &stub_symbols, .otlp = &stub_otlp, .json = &stub_json};
static uint32_t stub_samples;

struct push_work *push_work(struct push *p)
{
    (void)p;
    return &stub_work;
}

int push_instance(struct push *p, const struct push_facts *facts)
{
    (void)p;
    FUZZ_CHECK(strlen(facts->id) < INSTANCE_ID_SIZE);
    FUZZ_CHECK(strlen(facts->name) < NAME_SIZE && strlen(facts->region) < FACT_SIZE);
    FUZZ_CHECK(strlen(facts->provider) < FACT_SIZE && strlen(facts->os) < FACT_SIZE);
    return facts->id[0] == '\0' ? ERR_MALFORMED : 3;
}

int push_sample(struct push *p, int instance, const struct push_sample *sample)
{
    (void)p;
    FUZZ_CHECK(instance == 3);
    FUZZ_CHECK(strlen(sample->metric) < STORE_METRIC_SIZE && strlen(sample->tag) < TAG_SIZE);
    FUZZ_CHECK(strlen(sample->unit) < UNIT_SIZE);
    FUZZ_CHECK(sample->is_integer || push_is_number(sample->value));
    stub_samples++;
    return sample->metric[0] == '\0' ? ERR_MALFORMED : stub_samples > 1000 ? ERR_FULL : ERR_OK;
}

const char *push_why(const struct push *p)
{
    (void)p;
    return "refused";
}

bool push_is_number(double value)
{
    return scale_is_number(&(struct scale_number){.value = value});
}

void push_count_not_finite(struct push *p, const char *metric)
{
    (void)p;
    FUZZ_CHECK(strlen(metric) < STORE_METRIC_SIZE);
}

#endif
