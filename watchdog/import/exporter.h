/* SPDX-License-Identifier: ISC */
/* exporter: what all exports share: which workers, what is made of them, and what there is to say.
 */
#ifndef WATCHDOG_IMPORT_EXPORTER_H
#define WATCHDOG_IMPORT_EXPORTER_H

#include <stdbool.h>

#include "watchdog/base/str.h"
#include "watchdog/config/config.h"
#include "watchdog/import/exportworker.h"
#include "watchdog/import/filetree.h"

struct exporter {
	const struct config *config;
	const bool *is_selected; /* by worker of CONFIG */
	struct filetree tree;	 /* the result */
	struct strlist warnings; /* lines, "FILE:LINE: …" */
	struct strlist left_out; /* workers that could not be exported */
};

void exporter_free(struct exporter *exporter);

/* About WORKER, with its place in front. */
void exporter_warn(struct exporter *exporter, const struct worker *worker, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Makes MADE of WORKER; false where it cannot be, which is said and counted. */
bool exporter_make(struct exporter *exporter, const struct worker *worker,
		   struct exportworker *made);

/* Whether NAME is among the workers that are selected, and was not left out so far. */
bool exporter_has(const struct exporter *exporter, const char *name);

/* Warns of each option that is set and not in KNOWN. KEEPER: what cannot say it. */
void exporter_warn_of_others(struct exporter *exporter, const struct worker *worker,
			     const char *const *known, const char *keeper);

#endif
