/* SPDX-License-Identifier: MIT */
/* What Snowflake's SQL API answers. Pure; the memory for parsing is brought along. */
#ifndef NEPHOS_SNOWFLAKE_ANSWER_H
#define NEPHOS_SNOWFLAKE_ANSWER_H

#include "platform/base/text.h"

#define SNOWFLAKE_HANDLE_SIZE 64U

struct snowflake_answer {
    bool is_json;                    /* it is an answer of the API's, and no page of something in between */
    char code[16];                   /* "090001", "000625"; "" */
    char state[8];                   /* SQLSTATE; "" */
    char handle[SNOWFLAKE_HANDLE_SIZE]; /* of the statement, fit for a path; "" */
    char message[200];               /* printable, cut */
    const char *cell;                /* the first of the first row, in the pool; NULL: there is none */
};

void snowflake_answer_read(const char *bytes, uint32_t size, uint8_t *pool, uint32_t pool_size,
                           struct snowflake_answer *out);

/* What the failure of a statement means. */
enum snowflake_fault {
    FAULT_ROW,      /* a value that the table does not take: the row's, for ever */
    FAULT_TABLE,    /* there is no such table (or database, or schema), or it may not be seen */
    FAULT_PASSING,  /* cancelled, timed out */
    FAULT_OTHER,    /* a person must look */
};
enum snowflake_fault snowflake_fault_of(const struct snowflake_answer *a);

#endif
