/* SPDX-License-Identifier: ISC */
/* clip: texts that receivers take up to some length. */
#ifndef WATCHDOG_NET_CLIP_H
#define WATCHDOG_NET_CLIP_H

#include <stddef.h>

#include "watchdog/base/str.h"

/* Appends TEXT, repaired to UTF-8, cut between characters to MAX bytes at most. */
void clip_add(struct str *out, const char *text, size_t max);

#endif
