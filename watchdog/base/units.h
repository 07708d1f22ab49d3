/* SPDX-License-Identifier: ISC */
/*
 * units: durations and sizes as people write them.
 *
 * Durations: a sum of number and unit ("1h30min", "90", "1.5s", "250ms"); units ms, s, sec,
 * m, min, h, d, w and their usual long forms, in lower case; a lone number means seconds.
 * Sizes: number (may have a fraction) and K, M, G or T in any case, each with an optional B or
 * iB, 1024-based; a bare number is bytes. Blanks may stand between and around the parts; of a
 * fraction six digits count.
 */
#ifndef WATCHDOG_BASE_UNITS_H
#define WATCHDOG_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* 0, or -1 where TEXT is no duration, is negative, or exceeds ~292 years. */
int units_parse_duration(const char *text, int64_t *ms);

/* 0, or -1 where TEXT is no size, or exceeds INT64_MAX. */
int units_parse_size(const char *text, int64_t *bytes);

/* A whole decimal number, nothing before or after it. 0 or -1. */
int units_parse_int(const char *text, int64_t min, int64_t max, int64_t *value);

#define UNITS_TEXT_SIZE 40
/* Short forms for people, cut and not rounded: "3d 4h", "5min 2s", "250ms"; "128.0M", "512K",
 * "100B". The parsers take them back. Return BUF. */
const char *units_format_duration(int64_t ms, char buf[UNITS_TEXT_SIZE]);
const char *units_format_size(int64_t bytes, char buf[UNITS_TEXT_SIZE]);

#endif
