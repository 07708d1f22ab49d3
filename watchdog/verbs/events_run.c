/* SPDX-License-Identifier: ISC */
#include "watchdog/verbs/events_run.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "watchdog/base/clock.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/verbs/events.h"
#include "watchdog/verbs/when.h"

#define FOLLOWED_LINES 10
#define PAUSE_MS       250

/* ---- the last ones ------------------------------------------------------------------------ */

/* The last SIZE lines of those that were put in. */
struct ring {
	char **lines;
	size_t size;
	size_t count;
	size_t first; /* the oldest, once it is full */
};

static void ring_put(struct ring *ring, const char *line)
{
	if (ring->size == 0)
		return;
	if (ring->count == ring->size) {
		free(ring->lines[ring->first]);
		ring->lines[ring->first] = mem_dup(line);
		ring->first = (ring->first + 1) % ring->size;
		return;
	}
	if ((ring->count & (ring->count - 1)) == 0) /* full at each power of two */
		ring->lines = mem_resize(ring->lines, ring->count ? ring->count * 2 : 1,
					 sizeof(*ring->lines));
	ring->lines[ring->count++] = mem_dup(line);
}

static void ring_print(struct ring *ring)
{
	for (size_t i = 0; i < ring->count; i++) {
		char *line = ring->lines[(ring->first + i) % ring->count];

		fputs(line, stdout); /* whoever prints last asks ferror */
		free(line);
	}
	free(ring->lines);
	*ring = (struct ring){ .lines = NULL };
}

static bool take_last(const char *line, void *data)
{
	ring_put(data, line);
	return true;
}

/* False once nobody takes it any more. */
static bool print_line(const char *line, void *data)
{
	(void)data;
	return fputs(line, stdout) >= 0;
}

/* ---- what there is, and what is added ----------------------------------------------------- */

static int print_past(struct events_source *source, struct err *err)
{
	const struct events *events = source->events;
	struct ring ring = { .size = (size_t)events->lines };
	int status;

	if (events->lines < 0)
		return events_source_read(source, print_line, NULL, err);
	status = events_source_read(source, take_last, &ring, err);
	ring_print(&ring);
	return status;
}

/* Over with SIGINT, and where nobody reads any more. */
static int pause_between(int signal_fd, bool *is_over)
{
	struct pollfd fds[2] = { { .fd = signal_fd, .events = POLLIN },
				 { .fd = STDOUT_FILENO, .events = 0 } };

	if (poll(fds, 2, PAUSE_MS) < 0 && errno != EINTR)
		return -1;
	*is_over = fds[0].revents || fds[1].revents;
	return 0;
}

static int open_interrupt(struct err *err)
{
	sigset_t interrupt;
	int fd;

	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &interrupt, NULL); /* fails for a bad argument only */
	fd = signalfd(-1, &interrupt, SFD_CLOEXEC);
	if (fd < 0)
		(void)err_set(err, ERR_SYSTEM, errno, "cannot wait for events");
	return fd;
}

/* A journal that is locked, or just being mended, is looked at again. */
static void follow(struct events_source *source, int signal_fd)
{
	bool is_over = false;

	while (!fflush(stdout) && !ferror(stdout) && !pause_between(signal_fd, &is_over) &&
	       !is_over) {
		struct err err = ERR_INIT;

		if (events_source_refresh(source, &err) ||
		    events_source_read(source, print_line, NULL, &err))
			events_source_complain(source, err.text);
	}
}

static int print_all(struct events_source *source)
{
	const struct verb_call *call = source->events->call;
	struct err err = ERR_INIT;
	int signal_fd = -1;
	int status;

	if (events_source_refresh(source, &err))
		return verb_fail(call, &err);
	status = events_target_check(source->events, source->journal);
	if (status != VERB_DONE)
		return status;
	if (source->events->is_following) {
		signal_fd = open_interrupt(&err);
		if (signal_fd < 0)
			return verb_fail(call, &err);
	}
	if (print_past(source, &err))
		status = verb_fail(call, &err);
	if (signal_fd >= 0) {
		follow(source, signal_fd);
		close(signal_fd);
	}
	return status;
}

/* ---- the command line --------------------------------------------------------------------- */

static int read_since(struct events *events, const char *text)
{
	if (when_parse(text, clock_read().wall_ms, &events->since_wall_ms))
		return verb_misuse(events->call,
				   "--since takes how long ago (\"2h\") or a date (\"2026-11-21 "
				   "03:34\"), not \"%s\"",
				   text);
	return VERB_DONE;
}

static int read_lines(struct events *events, const char *text)
{
	if (units_parse_int(text, 0, INT64_MAX, &events->lines))
		return verb_misuse(events->call, "-n takes a number of events, not \"%s\"", text);
	return VERB_DONE;
}

static int read_options(struct events *events)
{
	static const struct option options[] = { { "since", required_argument, NULL, 's' },
						 { "lines", required_argument, NULL, 'n' },
						 { "follow", no_argument, NULL, 'f' },
						 { "json", no_argument, NULL, 'j' },
						 { "samples", no_argument, NULL, 'S' },
						 { NULL, 0, NULL, 0 } };
	const struct verb_call *call = events->call;
	int status = VERB_DONE;
	bool has_since = false;
	int option;

	while (status == VERB_DONE &&
	       (option = getopt_long(call->argc, call->argv, "n:f", options, NULL)) != -1) {
		has_since |= option == 's';
		events->is_following |= option == 'f';
		events->is_json |= option == 'j';
		events->is_samples |= option == 'S';
		if (option == 's')
			status = read_since(events, optarg);
		else if (option == 'n')
			status = read_lines(events, optarg);
		else if (option == '?')
			status = verb_misuse(call, "");
	}
	if (events->is_following && !has_since && events->lines < 0)
		events->lines = FOLLOWED_LINES;
	return status;
}

int events_run(const struct verb_call *call)
{
	struct events events = { .call = call, .lines = -1 };
	struct events_source source = { .events = &events };
	struct err err = ERR_INIT;
	int status = read_options(&events);

	if (status != VERB_DONE)
		return status;
	events.targets = call->argv + optind;
	events.target_count = call->argc - optind;
	source.since_wall_ms = events.since_wall_ms;
	if (config_load(&events.config, call->config_file, &err))
		status = verb_fail(call, &err);
	else
		status = print_all(&source);
	events_source_close(&source);
	config_free(&events.config);
	return status;
}
