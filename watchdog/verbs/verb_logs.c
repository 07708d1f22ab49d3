/* SPDX-License-Identifier: ISC */
/* logs: what the workers have written, and what they are writing. Reads only. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/act/logtail.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/config/expand.h"
#include "watchdog/config/nameindex.h"
#include "watchdog/round/target.h"
#include "watchdog/verbs/verb.h"

#define LINES_DEFAULT 10
#define PAUSE_MS      250

/* One log, of one instance or of several. */
struct source {
	char *path;
	char *label; /* in the header */
	const char *worker;
	struct logtail tail;
	int64_t end; /* how much of it was printed */
	bool is_followed;
};

struct logs {
	const struct verb_call *call;
	struct herd herd;
	int64_t lines;
	int which; /* 1 or 2, as expand_logfile has it */
	bool is_following;
	bool has_targets;
	struct source *sources;
	size_t count;
	struct nameindex index;	    /* of the sources' paths */
	const struct source *shown; /* whose header was printed last */
	int status;
};

/* ---- which logs --------------------------------------------------------------------------- */

static void relabel(struct source *source, const struct slot *slot)
{
	char *label = strcmp(source->worker, slot->instance.name) == 0
			      ? mem_dup(slot->instance.name)
			      : mem_format("%s and others", source->worker);

	free(source->label);
	source->label = label;
}

static void add_source(struct logs *logs, const struct slot *slot, char *path)
{
	size_t at;

	if (nameindex_find(&logs->index, path, strlen(path), &at)) {
		relabel(&logs->sources[at], slot);
		free(path);
		return;
	}
	if ((logs->count & (logs->count - 1)) == 0) /* full at each power of two */
		logs->sources = mem_resize(logs->sources, logs->count ? logs->count * 2 : 1,
					   sizeof(*logs->sources));
	logs->sources[logs->count] = (struct source){ .path = path,
						      .label = mem_dup(slot->id),
						      .worker = slot->instance.name,
						      .tail = LOGTAIL_INIT };
	nameindex_put(&logs->index, path, strlen(path), logs->count);
	logs->count++;
}

/* Who was asked for by name is told why there is nothing. */
static void miss(struct logs *logs, const struct slot *slot, const char *why)
{
	if (!logs->has_targets)
		return;
	out_error(&logs->call->out, "%s: %s", slot->id, why);
	logs->status = VERB_PARTLY;
}

static void find_source(struct logs *logs, const struct slot *slot)
{
	struct err err = ERR_INIT;
	char *path;

	if (!slot->instance.worker) {
		miss(logs, slot, "it is not defined (any more), so its log is not known");
		return;
	}
	path = expand_logfile(&logs->herd.config, &slot->instance, logs->which, &err);
	if (path) {
		add_source(logs, slot, path);
	} else if (err.kind == ERR_NONE) {
		miss(logs, slot, "its output is discarded (its logfile is \"none\")");
	} else {
		out_error(&logs->call->out, "%s", err.text);
		logs->status = VERB_PARTLY;
	}
}

static void find_sources(struct logs *logs)
{
	for (size_t i = 0; i < logs->herd.count; i++)
		if (logs->herd.slots[i].is_selected)
			find_source(logs, &logs->herd.slots[i]);
}

static void free_sources(struct logs *logs)
{
	for (size_t i = 0; i < logs->count; i++) {
		logtail_close(&logs->sources[i].tail);
		free(logs->sources[i].path);
		free(logs->sources[i].label);
	}
	free(logs->sources);
	nameindex_free(&logs->index);
}

/* ---- their ends --------------------------------------------------------------------------- */

static void print_header(struct logs *logs, const struct source *source)
{
	if (logs->count < 2 || logs->shown == source)
		return;
	printf("%s==> %s <==\n", logs->shown ? "\n" : "", source->label);
	logs->shown = source;
}

/* -1 where standard output takes no more: that ends all. */
static int print_end(struct logs *logs, struct source *source, struct err *err)
{
	struct stat st;

	if (stat(source->path, &st)) {
		int failure = errno;

		if (logs->is_following && failure == ENOENT)
			return 0;
		out_error(&logs->call->out, "%s: cannot read %s: %s", source->label, source->path,
			  failure == ENOENT ? "nothing was written yet" : strerror(failure));
		/* Of all logs, some have not begun: that is no failure. */
		if (logs->has_targets || failure != ENOENT)
			logs->status = VERB_PARTLY;
		return 0;
	}
	print_header(logs, source);
	if (logtail_print(source->path, logs->lines, stdout, &source->end, err) == 0)
		return 0;
	if (ferror(stdout))
		return -1;
	out_error(&logs->call->out, "%s: %s", source->label, err->text);
	logs->status = VERB_PARTLY;
	return 0;
}

/* ---- what is added ------------------------------------------------------------------------ */

static void open_tails(struct logs *logs)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < logs->count; i++) {
		struct source *source = &logs->sources[i];

		source->is_followed =
			logtail_open(&source->tail, source->path, source->end, &err) == 0;
		if (source->is_followed)
			continue;
		out_error(&logs->call->out, "%s: %s", source->label, err.text);
		logs->status = VERB_PARTLY;
	}
}

/* By way of a buffer, since the header comes before what is not known to be there. */
static void print_added(struct logs *logs, struct source *source)
{
	struct err err = ERR_INIT;
	char *text = NULL;
	size_t len = 0;
	int64_t count;
	FILE *buffer = open_memstream(&text, &len);

	if (!buffer)
		return; /* the next look tries again */
	if (logtail_read(&source->tail, buffer, &count, &err)) {
		out_error(&logs->call->out, "%s: %s; it is not followed any more", source->label,
			  err.text);
		source->is_followed = false;
		logs->status = VERB_PARTLY;
	}
	(void)fclose(buffer); /* what it could not hold, logtail_read has reported */
	if (len) {
		print_header(logs, source);
		(void)fwrite(text, 1, len, stdout); /* follow asks ferror */
	}
	free(text);
}

static int64_t size_of(const struct source *source)
{
	struct stat st;

	return source->tail.fd >= 0 && fstat(source->tail.fd, &st) == 0 ? st.st_size : -1;
}

/* Whether PATH still names what is open, and nothing was added to it: most logs, most of the time.
 */
static bool is_quiet(const struct source *source)
{
	struct stat named, opened;

	if (stat(source->path, &named))
		return size_of(source) == source->tail.offset || source->tail.fd < 0;
	return source->tail.fd >= 0 && fstat(source->tail.fd, &opened) == 0 &&
	       named.st_ino == opened.st_ino && named.st_dev == opened.st_dev &&
	       opened.st_size == source->tail.offset;
}

/* Ends with SIGINT or SIGTERM, and where nobody reads any more. */
static int pause_between(int signal_fd, bool *is_over)
{
	struct pollfd fds[2] = { { .fd = signal_fd, .events = POLLIN },
				 { .fd = STDOUT_FILENO, .events = 0 } };

	if (poll(fds, 2, PAUSE_MS) < 0 && errno != EINTR)
		return -1;
	*is_over = fds[0].revents || fds[1].revents;
	return 0;
}

static int follow(struct logs *logs, struct err *err)
{
	bool is_over = false;
	bool is_last;
	sigset_t ends;
	int signal_fd;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &ends, NULL); /* fails for a bad argument only */
	signal_fd = signalfd(-1, &ends, SFD_CLOEXEC);
	if (signal_fd < 0)
		return err_set(err, ERR_SYSTEM, errno, "cannot wait for what is written");
	open_tails(logs);
	do {
		is_last = is_over; /* what was written before the signal is printed yet */
		for (size_t i = 0; i < logs->count; i++)
			if (logs->sources[i].is_followed && !is_quiet(&logs->sources[i]))
				print_added(logs, &logs->sources[i]);
		if (fflush(stdout) || (!is_last && pause_between(signal_fd, &is_over)))
			break;
	} while (!is_last && !ferror(stdout));
	close(signal_fd);
	return is_over ? 0 : err_set(err, ERR_SYSTEM, errno, "cannot print the logs");
}

/* ---- the verb ----------------------------------------------------------------------------- */

/* A reader that has seen enough is no failure. */
static int end_output(const struct logs *logs, struct err *err)
{
	return err->sys_errno == EPIPE ? VERB_DONE : verb_fail(logs->call, err);
}

static int print_logs(struct logs *logs)
{
	struct err err = ERR_INIT;

	find_sources(logs);
	for (size_t i = 0; i < logs->count; i++)
		if (print_end(logs, &logs->sources[i], &err))
			return end_output(logs, &err);
	if (!logs->is_following || !logs->count)
		return logs->status;
	return follow(logs, &err) ? end_output(logs, &err) : VERB_DONE;
}

static int read_options(struct logs *logs)
{
	static const struct option options[] = { { "lines", required_argument, NULL, 'n' },
						 { "follow", no_argument, NULL, 'f' },
						 { "stderr", no_argument, NULL, 'e' },
						 { NULL, 0, NULL, 0 } };
	const struct verb_call *call = logs->call;
	int option;

	while ((option = getopt_long(call->argc, call->argv, "n:f", options, NULL)) != -1) {
		if (option == 'f')
			logs->is_following = true;
		else if (option == 'e')
			logs->which = 2;
		else if (option != 'n')
			return verb_misuse(call, "");
		else if (units_parse_int(optarg, 0, INT64_MAX, &logs->lines))
			return verb_misuse(call, "-n takes a number of lines, not \"%s\"", optarg);
	}
	return VERB_DONE;
}

static int run(const struct verb_call *call)
{
	struct logs logs = { .call = call, .lines = LINES_DEFAULT, .which = 1 };
	struct err err = ERR_INIT;
	int status = read_options(&logs);

	if (status != VERB_DONE)
		return status;
	logs.has_targets = optind < call->argc;
	if (herd_open(&logs.herd, call->config_file, HERD_READ, NULL, &call->out, &err) ||
	    target_select(&logs.herd, call->argv + optind, call->argc - optind, &err))
		status = verb_fail(call, &err);
	else
		status = print_logs(&logs);
	free_sources(&logs);
	herd_close(&logs.herd);
	return status;
}

const struct verb verb_logs = {
	.name = "logs",
	.summary = "the workers' output: its end, and what is being written",
	.synopsis = "[-n N] [-f] [--stderr] [TARGET ...]",
	.help = "  -n, --lines N    the last N lines of each log (10)\n"
		"  -f, --follow     go on with what is written, through rotations, until Ctrl-C\n"
		"      --stderr     the standard error, where it has a log of its own\n\n"
		"examples:\n"
		"  cronherd logs mail           the end of mail's log\n"
		"  cronherd logs -n 100 mail:2  of one instance (where stdout_logfile has %i)\n"
		"  cronherd logs -f             all that the herd says\n",
	.run = run,
};
