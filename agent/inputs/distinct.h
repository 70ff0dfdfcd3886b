/* SPDX-License-Identifier: MIT */
/* How many different texts were there? HyperLogLog (Flajolet, Fusy, Gandouet, Meunier 2007) with 1,024
 * registers, and linear counting (Whang, Vander-Zanden, Taylor 1990) while there are few: the standard error
 * is 3.3 %, and up to some hundreds of texts below 2 %. */
#ifndef NEPHOS_INPUTS_DISTINCT_H
#define NEPHOS_INPUTS_DISTINCT_H

#include "platform/base/base.h"

#define DISTINCT_REGISTERS 1024U

struct distinct {
    uint8_t registers[DISTINCT_REGISTERS]; /* most leading zeros seen, plus one */
};

void distinct_clear(struct distinct *d);
void distinct_add(struct distinct *d, const char *text, uint32_t length);
uint64_t distinct_count(const struct distinct *d);

#endif
