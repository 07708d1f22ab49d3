/* SPDX-License-Identifier: ISC */
/*
 * confjson: the configuration as INTERFACE.md, "Configuration", has it for `config --json`; besides, "webhooks" and "pings" (as
 * "workers", without what is secret), "metrics_file", "status_page" and "history" (seconds; 0: none). Pure.
 */
#ifndef WATCHDOG_REPORT_CONFJSON_H
#define WATCHDOG_REPORT_CONFJSON_H

#include <jansson.h>
#include <stddef.h>

#include "watchdog/base/str.h"
#include "watchdog/config/config.h"
#include "watchdog/config/expand.h"

/* One instance with all that it will run with. */
struct confjson_instance {
	struct instance instance;
	struct expanded expanded;
	char *group; /* allocated: name, or number, of expanded.gid */
};

/* What `config` shows beyond the files: errors are those of CONFIG and of expanding. */
struct confjson_input {
	const struct config *config;
	const struct config_error *errors;
	size_t error_count;
	const struct confjson_instance *instances;
	size_t count;
};

void confjson(const struct confjson_input *input, struct str *out);

/* A new reference. */
json_t *confjson_errors(const struct config_error *errors, size_t count);

#endif
