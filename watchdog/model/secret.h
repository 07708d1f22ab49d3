/* SPDX-License-Identifier: ISC */
/* secret: what a webhook is signed with, as Standard Webhooks 1.0 writes it. Pure. */
#ifndef WATCHDOG_MODEL_SECRET_H
#define WATCHDOG_MODEL_SECRET_H

#define SECRET_BYTES_MIN 24
#define SECRET_BYTES_MAX 64

/* NULL where TEXT is "whsec_" and the base64 (standard alphabet, padded) of 24 to 64 bytes; else why not (static, to stand
 * behind the option's name, with the cure). */
const char *secret_check(const char *text);

#endif
