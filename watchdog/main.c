/* SPDX-License-Identifier: ISC */
/* main: makes the process fit to work in (descriptors, what is preloaded, signals), reads the global options, finds the verb. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "watchdog/act/fullprogram.h"
#include "watchdog/base/dispositions.h"
#include "watchdog/base/jsontext.h"
#include "watchdog/verbs/verb.h"

static void print_help(void)
{
	printf("usage: cronherd [-c FILE] [-v|-q] VERB [OPTIONS] [TARGET ...]\n\n"
	       "Keeps worker processes alive; called by cron each minute.\n\n"
	       "  -c, --config FILE  the main configuration file\n"
	       "  -v, --verbose      say what is done\n"
	       "  -q, --quiet        say errors only\n"
	       "  -h, --help         this; `cronherd VERB --help` for one verb\n"
	       "  -V, --version\n\n"
	       "A target is NAME, NAME:N, @GROUP or a glob ('mail*'); none means all.\n\n");
	for (const struct verb *const *verb = verb_table; *verb; verb++)
		if ((*verb)->summary)
			printf("  %-9s %s\n", (*verb)->name, (*verb)->summary);
	printf("\nexamples:\n"
	       "  cronherd cron install        have cron keep what conf.d defines\n"
	       "  cronherd status --watch      look at it\n"
	       "  cronherd stop mail           hold a worker until `cronherd start mail`\n\n"
	       "cronherd(1), cronherd.conf(5)\n");
}

/* With descriptor 2 closed, the next file to be opened would get our messages. */
static int fill_standard_descriptors(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd ? O_WRONLY : O_RDONLY) != fd)
			return -1;
	return 0;
}

#ifdef CRONHERD_NOT_LOADED

/*
 * Nothing can be preloaded into a program that is not loaded (faketime, an allocator): the other one is, and has the same verbs.
 * valgrind's own need no loader. Where the other one is not, we do what we can.
 */
static void stand_back(char **argv)
{
	const char *preload = getenv("LD_PRELOAD");

	if (preload && *preload && !strstr(preload, "vgpreload_"))
		(void)fullprogram_exec((const char *const *)argv, NULL);
}

#else

static void stand_back(char **argv)
{
	(void)argv;
}

#endif

static int dispatch(const struct verb_call *call)
{
	const struct verb *verb = verb_find(call->argv[0]);

	if (!verb) {
		out_error(&call->out, "no such verb: %s; see `cronherd --help`", call->argv[0]);
		return VERB_USAGE;
	}
	for (int i = 1; i < call->argc && strcmp(call->argv[i], "--") != 0; i++)
		if (strcmp(call->argv[i], "--help") == 0)
			return verb_help(verb);
	optind = 0; /* getopt begins anew with the verb's own options */
	return verb->run(call);
}

static int finish(int status)
{
	/* Results that could not be written were not given. */
	if (fflush(stdout) && status == VERB_DONE && errno != EPIPE)
		return VERB_FAILED;
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "config", required_argument, NULL, 'c' },
						 { "verbose", no_argument, NULL, 'v' },
						 { "quiet", no_argument, NULL, 'q' },
						 { "help", no_argument, NULL, 'h' },
						 { "version", no_argument, NULL, 'V' },
						 { NULL, 0, NULL, 0 } };
	struct verb_call call = { .config_file = NULL };
	enum out_level level = OUT_NORMAL;
	int option;

	if (fill_standard_descriptors())
		return VERB_FAILED;
	stand_back(argv);
	dispositions_begin();
	jsontext_begin();
	umask(022);
	while ((option = getopt_long(argc, argv, "+c:vqhV", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			call.config_file = optarg;
			break;
		case 'v':
			level = OUT_VERBOSE;
			break;
		case 'q':
			level = OUT_QUIET;
			break;
		case 'h':
			print_help();
			return finish(VERB_DONE);
		case 'V':
			printf("cronherd %s\n", PACKAGE_VERSION);
			return finish(VERB_DONE);
		default:
			fprintf(stderr, "cronherd: see `cronherd --help`\n");
			return VERB_USAGE;
		}
	}
	call.out = out_open(level);
	call.argc = argc - optind;
	call.argv = argv + optind;
	if (call.argc == 0) {
		print_help();
		return finish(VERB_USAGE);
	}
	return finish(dispatch(&call));
}
