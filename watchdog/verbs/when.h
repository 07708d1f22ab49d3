/* SPDX-License-Identifier: ISC */
/*
 * when: a moment as people write it: how long ago ("2h", "1d12h"), a local date "2026-11-21", with a time "2026-11-21 03:34[:00]", or
 * RFC 3339 "2026-11-21T03:34:00.5Z", "…+01:00". A 'T' may stand for the blank, and a blank for the 'T'.
 */
#ifndef WATCHDOG_VERBS_WHEN_H
#define WATCHDOG_VERBS_WHEN_H

#include <stdint.h>

/* 0, or -1 where TEXT is none of these. */
int when_parse(const char *text, int64_t now_wall_ms, int64_t *wall_ms);

#endif
