/* SPDX-License-Identifier: MIT */
/* Where the keys for AWS come from: the configuration, the environment, a file
 * that the service manager hands over, the shared files, the container's agent,
 * the instance's metadata (version 2). The first that has keys wins.
 *
 * The last two are services of their own, which must be asked. So a chain is a
 * small machine: aws_chain_next() says whether there are keys, or which request
 * has to be made first; aws_chain_take() reads its answer.
 *
 *   nothing -(next)-> token -(take)-> role -(take)-> keys -(take)-> there are
 * keys
 *
 * Files are looked at again each minute, and at once when AWS says that keys
 * are not good (any more); keys that end are fetched anew five minutes before
 * that, and the old ones hold while that fails. So they are rotated without a
 * restart. */
#ifndef NEPHOS_FORWARD_AWS_CHAIN_H
#define NEPHOS_FORWARD_AWS_CHAIN_H

#include "aggregator/forward/aws/profile.h"
#include "platform/platform.h"

#define AWS_ASK_TIMEOUT_MS 1000U

enum aws_source {
    AWS_FROM_NOWHERE,
    AWS_FROM_CONFIGURATION,
    AWS_FROM_ENVIRONMENT,
    AWS_FROM_FILE,
    AWS_FROM_CONTAINER,
    AWS_FROM_METADATA
};
enum aws_asking {
    AWS_ASKING_NOTHING,
    AWS_ASKING_CONTAINER,
    AWS_ASKING_TOKEN,
    AWS_ASKING_ROLE,
    AWS_ASKING_KEYS,
    AWS_ASKING_REGION
};

/* Cleared memory is a new one. */
struct aws_chain {
    struct aws_keys keys;     /* the ones in use */
    struct aws_profile found; /* while it is read */
    enum aws_source source;
    char region[AWS_REGION_SIZE]; /* of a profile or of the metadata; "" */
    enum aws_asking asking;
    bool has_looked;
    bool is_for_region;   /* the metadata is asked for the region alone */
    bool wants_region;    /* nobody has said it */
    bool is_region_asked; /* once is enough */
    int64_t refused_ms;   /* AWS refused then, and new keys or another clock are being tried; 0 */
    int64_t look_ms;      /* files are read again then */
    int64_t renew_ms;     /* keys that end are fetched again then; 0: they do not end */
    char metadata_token[256], role[AWS_NAME_SIZE];
    int64_t offset_ms; /* AWS' clock minus ours */
    char why[192];     /* why there are no keys */
};

/* What the configuration says, "" what it does not; texts stay. */
struct aws_wish {
    const char *id, *secret, *token;
    const char *profile, *credentials_file;
    const char *region;
};

enum aws_need {
    AWS_HAS,  /* chain->keys */
    AWS_ASKS, /* *ask is to be requested; then aws_chain_take() */
    AWS_LACKS /* chain->why */
};

struct aws_ask {
    const char *method;         /* PUT, GET */
    struct text *url, *headers; /* the caller's, empty */
};

/* `file` is room for a shared file, of file_size bytes; a longer one counts as
 * not there. */
enum aws_need aws_chain_next(struct aws_chain *c, const struct aws_wish *wish,
                             const struct aws_environment *e, struct plat *p, int64_t now_ms, char *file,
                             uint32_t file_size, struct aws_ask *ask);
/* The answer to what was asked: status 0 without one. */
void aws_chain_take(struct aws_chain *c, uint32_t status, const char *body, uint32_t body_size, uint8_t *pool,
                    uint32_t pool_size, int64_t now_ms);
/* The region to speak to; "" while none is known. */
const char *aws_chain_region(const struct aws_chain *c, const struct aws_wish *wish,
                             const struct aws_environment *e);

/* AWS refused a signed request. `code` is what it says, `date` its header.
 * True: what may have been wrong is known and mended - keys that were rotated,
 * a clock that is off - and the same request, signed anew, is worth one more
 * try. Then false for a minute, or until aws_chain_accepted(). */
bool aws_chain_refused(struct aws_chain *c, const char *code, const char *date, int64_t now_ms);
/* AWS took a request. */
void aws_chain_accepted(struct aws_chain *c);

#endif
