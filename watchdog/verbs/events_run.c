/* SPDX-License-Identifier: ISC */
#include "watchdog/verbs/events_run.h"

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watchdog/base/clock.h"
#include "watchdog/base/units.h"
#include "watchdog/verbs/when.h"

struct events {
	const struct verb_call *call;
	int64_t since_wall_ms;
	int64_t lines; /* -1: all */
	bool has_since, is_following, is_json, is_samples;
};

static int read_options(struct events *events)
{
	static const struct option options[] = { { "since", required_argument, NULL, 's' },
						 { "lines", required_argument, NULL, 'n' },
						 { "follow", no_argument, NULL, 'f' },
						 { "json", no_argument, NULL, 'j' },
						 { "samples", no_argument, NULL, 'S' },
						 { NULL, 0, NULL, 0 } };
	const struct verb_call *call = events->call;
	int option;

	while ((option = getopt_long(call->argc, call->argv, "n:f", options, NULL)) != -1) {
		if (option == 'f')
			events->is_following = true;
		else if (option == 'j')
			events->is_json = true;
		else if (option == 'S')
			events->is_samples = true;
		else if (option == 's') {
			events->has_since = true;
			if (when_parse(optarg, clock_read().wall_ms, &events->since_wall_ms))
				return verb_misuse(call, "--since takes how long ago, or a date, not \"%s\"", optarg);
		} else if (option != 'n')
			return verb_misuse(call, "");
		else if (units_parse_int(optarg, 0, INT64_MAX, &events->lines))
			return verb_misuse(call, "-n takes a number of events, not \"%s\"", optarg);
	}
	return VERB_DONE;
}

int events_run(const struct verb_call *call)
{
	struct events events = { .call = call, .lines = -1 };

	return read_options(&events);
}
