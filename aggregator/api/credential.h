/* SPDX-License-Identifier: MIT */
/* Where requests carry what proves who asks: headers taken apart. Pure. */
#ifndef NEPHOS_API_CREDENTIAL_H
#define NEPHOS_API_CREDENTIAL_H

#include "aggregator/api/http.h"

/* The longest token that is looked at. */
#define CREDENTIAL_SIZE_MAX 160U
#define CREDENTIAL_COOKIE "nephos_session"

/* "Bearer TOKEN": the token, empty when it is something else. */
struct span credential_bearer(struct span authorization);
/* The value of the first cookie of that name in "a=b; c=d"; at is NULL when there is none. */
struct span credential_cookie(struct span cookies, const char *name);
/* The token in a list of subprotocols, "nephos, bearer.BASE64URL": its length, terminated; 0 when none is
 * there or it does not decode. */
uint32_t credential_subprotocol(struct span protocols, char to[static CREDENTIAL_SIZE_MAX]);
/* The host in "http://HOST[:PORT]" or in "HOST[:PORT]", without the port; empty for anything else. */
struct span credential_origin_host(struct span origin);
struct span credential_host(struct span host);
/* "localhost", "x.localhost", 127.x.x.x or [::1]. */
bool credential_is_loopback(struct span host);
/* The same or any other address in digits: only names can be made to point here by somebody else. */
bool credential_is_address(struct span host);

#endif
