/* SPDX-License-Identifier: ISC */
/*
 * sign: Standard Webhooks 1.0.0 (https://www.standardwebhooks.com): "ID.TIMESTAMP.BODY" by HMAC-SHA256, one signature for each
 * secret. The only file that knows libcrypto.
 */
#ifndef WATCHDOG_NET_SIGN_H
#define WATCHDOG_NET_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "watchdog/base/str.h"

/*
 * Appends "v1,BASE64" for each of SECRETS ("whsec_" + base64 of 24 to 64 bytes: checked when the configuration was read),
 * separated by spaces, to TEXT. TIMESTAMP_S: of this try, Unix seconds. 0, or -1 where a secret is not of that form or libcrypto fails
 * (TEXT is as it was).
 */
int sign_standard(const struct strlist *secrets, const char *id, int64_t timestamp_s,
		  const char *body, size_t body_len, struct str *text);

#endif
