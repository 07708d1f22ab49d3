/* SPDX-License-Identifier: ISC */
/*
 * confbuild: what confparse has read of one file, checked and put into struct confparse. Knows no grammar.
 *
 * Values of webhooks and pings are in no message, as they may be secret, or a secret in the wrong place.
 */
#ifndef WATCHDOG_CONFIG_CONFBUILD_H
#define WATCHDOG_CONFIG_CONFBUILD_H

#include "watchdog/config/confparse.h"
#include "watchdog/config/confscan.h"

/* Options of the top level, in the order of enum confparse_top; NULL-terminated. */
extern const char *const confbuild_top_names[CONFPARSE_TOP_COUNT + 1];

/* An option of the top level as it stands on LINE. */
void confbuild_top(struct confparse *parse, int line, enum confparse_top which, const char *value);

/* These take over what WORKER, GROUP and SECTION hold. IS_GOOD: no error was found while it was read, so that its options may be
 * held against each other. */
void confbuild_worker(struct confparse *parse, const struct worker *worker, bool is_good);
void confbuild_group(struct confparse *parse, const struct config_group *group);
void confbuild_section(struct confparse *parse, const struct confsection *section, bool is_good);

/* A section that could not be parsed: only its name is known, if that. */
void confbuild_lost_section(struct confparse *parse, const struct confscan_part *part);

/* Frees what they have put there. */
void confbuild_free(struct confparse *parse);

#endif
