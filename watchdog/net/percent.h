/* SPDX-License-Identifier: ISC */
/* percent: percent-encoding, for URLs and for headers. */
#ifndef WATCHDOG_NET_PERCENT_H
#define WATCHDOG_NET_PERCENT_H

#include "watchdog/base/str.h"

/* What stands for itself anywhere in a URL (RFC 3986). */
#define PERCENT_UNRESERVED                                                                         \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

/* What stands for itself in a CloudEvents header: U+0021 to U+007E but for the quotation mark and the percent sign. */
#define PERCENT_HEADER PERCENT_UNRESERVED "!#$&'()*+,/:;<=>?@[\\]^`{|}"

/* What may stand in a URI as a whole, a percent sign of what is encoded already too. */
#define PERCENT_URI PERCENT_UNRESERVED "!#$&'()*+,/:;=?@[]%"

/* Appends TEXT to OUT, with "%XX" for each byte that is not among PLAIN. */
void percent_add(struct str *out, const char *text, const char *plain);

#endif
