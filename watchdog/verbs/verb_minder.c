/* SPDX-License-Identifier: ISC */
/* minder: not for people; what a round that started something becomes. act/minder.h has the contract. */
#include <getopt.h>
#include <stddef.h>

#include "watchdog/act/minder.h"
#include "watchdog/verbs/verb.h"

static int run(const struct verb_call *call)
{
	static const struct option options[] = { { "state-dir", required_argument, NULL, 's' },
						 { NULL, 0, NULL, 0 } };
	struct minder_options minder = { .config_file = NULL };
	int option;

	while ((option = getopt_long(call->argc, call->argv, "c:", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			minder.config_file = optarg;
			break;
		case 's':
			minder.state_dir = optarg;
			break;
		default:
			return verb_misuse(call, "");
		}
	}
	if (!minder.config_file || !minder.state_dir || optind != call->argc)
		return verb_misuse(call, "--state-dir and -c are required");
	return minder_main(&minder);
}

const struct verb verb_minder = {
	.name = "minder",
	.synopsis = "--state-dir DIR -c FILE",
	.help = "",
	.run = run,
};
