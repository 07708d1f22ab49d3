/* SPDX-License-Identifier: ISC */
/*
 * fullprogram: the program that has SQLite, libcurl and libcrypto, for the one that cron calls, which has none of them.
 *
 * `cronherd-full`, beside the running program (a build folder, a copied pair) or in libexec; a static program is both itself.
 */
#ifndef WATCHDOG_ACT_FULLPROGRAM_H
#define WATCHDOG_ACT_FULLPROGRAM_H

#include "watchdog/base/err.h"

/* Its path, allocated; NULL with ERR that says where it was looked for. */
char *fullprogram_path(struct err *err);

/* Becomes it. ARGV: NULL-terminated. Returns only on failure: -1 with ERR. */
int fullprogram_exec(const char *const *argv, struct err *err);

/*
 * Has it run apart from us: in a session of its own, with /dev/null on descriptors 0 to 2 and nothing else open, no child of
 * ours. Does not wait for it. 0, or -1 with ERR.
 */
int fullprogram_detach(const char *const *argv, struct err *err);

#endif
