/* SPDX-License-Identifier: MIT */
/* Is a text from outside fit to be stored and shown? Well-formed UTF-8 (RFC 3629) without control
 * characters and without the marks that turn the direction of writing around. */
#ifndef NEPHOS_UTF8_H
#define NEPHOS_UTF8_H

#include "platform/base/base.h"

/* Bytes of the printable character at the start of `s`, or 0 when there is none. */
uint32_t utf8_character(const char *s, uint32_t length);
bool utf8_printable(const char *s);
/* Copies with truncation between characters; each byte that is not part of a printable character becomes
 * '?'. The result is always terminated and printable. */
void utf8_copy_clean(char *to, uint32_t to_size, const char *from);

#endif
