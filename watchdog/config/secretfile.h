/* SPDX-License-Identifier: ISC */
/*
 * secretfile: files that hold what webhooks are signed with: "whsec_…", one a line; several while they are rotated. Blank lines
 * and those that begin with # are passed over.
 *
 * Only regular files (no links) that belong to us or root, of mode 0600 or 0400: asked of the opened descriptor. No message has
 * a secret in it, and every buffer is wiped.
 */
#ifndef WATCHDOG_CONFIG_SECRETFILE_H
#define WATCHDOG_CONFIG_SECRETFILE_H

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"
#include "watchdog/model/webhook.h"

/* More at a time is no rotation: each makes the header longer that a receiver must read. */
#define SECRETFILE_SECRETS_MAX 16

/* Appends the secrets in the file PATH to SECRETS. 0; -1 with ERR (the path, the line, the cure), SECRETS as it was. */
int secretfile_read(const char *path, struct strlist *secrets, struct err *err);

/* All that a webhook of OPTIONS signs with: its `secret`, then those of each `secret_file`; none, where it does not sign. SECRETS: empty.
 * 0, or -1 with ERR, SECRETS empty. */
int secretfile_secrets(const struct webhook_options *options, struct strlist *secrets,
		       struct err *err);

/* Wipes and frees SECRETS. */
void secretfile_wipe(struct strlist *secrets);

#endif
