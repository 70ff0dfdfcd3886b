/* SPDX-License-Identifier: MIT */
/* The files that AWS' programs share, ~/.aws/credentials and ~/.aws/config: one
 * section of them. Pure. */
#ifndef NEPHOS_FORWARD_AWS_PROFILE_H
#define NEPHOS_FORWARD_AWS_PROFILE_H

#include "aggregator/forward/aws/environment.h"

struct aws_profile {
    struct aws_keys keys;
    char region[AWS_REGION_SIZE];
};

/* Fills in what the section [name] says, in a file of the `config` kind
 * [profile name] too, and leaves the rest as it is; a later line wins. False
 * when there is no such section. A value that does not fit its field, or has a
 * control character in it, is passed over. */
bool aws_profile_read(const char *bytes, uint32_t size, const char *name, struct aws_profile *out);

#endif
