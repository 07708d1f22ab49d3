/* SPDX-License-Identifier: ISC */
/* encodedword: a text as the value of a header, by RFC 2047. */
#ifndef WATCHDOG_NET_ENCODEDWORD_H
#define WATCHDOG_NET_ENCODEDWORD_H

#include "watchdog/base/str.h"

/* Appends TEXT, one line of UTF-8: as it is where it is ASCII, else as encoded words, no character divided between two. */
void encodedword_add(struct str *out, const char *text);

#endif
