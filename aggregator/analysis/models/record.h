/* SPDX-License-Identifier: MIT */
/* How unusual a number is, told by records alone: its logarithm against the K-th largest seen so far, these
 * fading slowly. It has no unit and asks for no distribution, what repeats stops to be news, and one
 * outlier among the K largest changes nothing. */
#ifndef NEPHOS_MODELS_RECORD_H
#define NEPHOS_MODELS_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#define RECORD_KEEP_MAX 5U
/* The range of every calibrated value: e^4.1 is sixty times the record. */
#define RECORD_LEAST (-1.0)
#define RECORD_MOST 4.1
/* Until so many samples have been seen nothing is a record. */
#define RECORD_LEARNING 50U

struct record {
    float top[RECORD_KEEP_MAX]; /* the largest, descending */
    float candidate;            /* the largest since the last one was entered */
    uint8_t since;              /* samples since then */
};

struct record_rule {
    uint8_t keep;     /* K */
    uint8_t every;    /* one candidate out of so many samples is entered: what lasts counts once */
    bool rises_only;  /* falls are not news */
    float fading;     /* share that the records lose in five minutes, or with each sample that is longer */
    float spread;     /* not 0: measured in units of the records' own spread plus this (heavy tails) */
};

/* The calibrated value of `deviation`, RECORD_LEAST..RECORD_MOST, and the deviation entered. `seen`: samples
 * before this one; `pace`: of the fading, 1 as the rule says. */
double record_rate(struct record *r, const struct record_rule *rule, double deviation, uint32_t seen,
                   double pace);

#endif
