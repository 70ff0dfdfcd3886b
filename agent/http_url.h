/* SPDX-License-Identifier: MIT */
/* "https://[::1]:8443/health?deep=1" taken apart. Pure. */
#ifndef NEPHOS_HTTP_URL_H
#define NEPHOS_HTTP_URL_H

#include "platform/base/base.h"

#define HTTP_URL_SIZE 256U

struct http_url {
    bool is_tls;
    char address[HTTP_URL_SIZE]; /* HOST:PORT for plat_connect */
    char host[HTTP_URL_SIZE];    /* for the Host header: the port only when it was given */
    char path[HTTP_URL_SIZE];    /* from '/' on, with the query */
};

/* ERR_OK, or ERR_MALFORMED: not http or https, a name and password in it, a bad port, blanks or controls. */
int http_url_parse(const char *text, struct http_url *out);

#endif
