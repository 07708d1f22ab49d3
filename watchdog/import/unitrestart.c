/* SPDX-License-Identifier: ISC */
#include "watchdog/import/unitrestart.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/signame.h"
#include "watchdog/base/units.h"
#include "watchdog/import/unitwords.h"

/* So long that nothing reaches it. */
#define NEVER_MS (INT64_C(36500) * 24 * 60 * 60 * 1000)

static const struct unitfile_assignment *last(struct unitservice *service, const char *key)
{
	return unitfile_last(service->unit, "Service", key);
}

/* Of the two names that a setting has had. */
static const struct unitfile_assignment *last_of(struct unitservice *service, const char *in_unit,
						 const char *in_service)
{
	const struct unitfile_assignment *now = unitfile_last(service->unit, "Unit", in_unit);
	const struct unitfile_assignment *before =
		unitfile_last(service->unit, "Service", in_service);

	return now ? now : before;
}

/* A time to *MS, NEVER_MS for "infinity"; false where it is none, which is warned of. */
static bool read_time(struct unitservice *service, const struct unitfile_assignment *assignment,
		      int64_t *ms)
{
	if (strcmp(assignment->text, "infinity") == 0) {
		*ms = NEVER_MS;
		return true;
	}
	if (units_parse_duration(assignment->text, ms) == 0)
		return true;
	unitservice_warn(service, assignment, "'%.60s' is no time that is known here",
			 assignment->text);
	return false;
}

static void set_ms(struct unitservice *service, const char *option, int64_t ms,
		   const struct unitfile_assignment *assignment)
{
	char *text = mem_format("%lldms", (long long)ms);

	if (assignment)
		(void)unitservice_set(service, option, text, assignment);
	else
		(void)importer_set(service->importer, service->worker, option, text,
				   (struct importer_place){ .file = NULL }, option);
	free(text);
}

/* ---- when it ends ------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int code;
} codes[] = {
	{ "SUCCESS", 0 },	 { "FAILURE", 1 },	{ "INVALIDARGUMENT", 2 },
	{ "NOTIMPLEMENTED", 3 }, { "NOPERMISSION", 4 }, { "NOTINSTALLED", 5 },
	{ "NOTCONFIGURED", 6 },	 { "NOTRUNNING", 7 },	{ "USAGE", 64 },
	{ "DATAERR", 65 },	 { "NOINPUT", 66 },	{ "NOUSER", 67 },
	{ "NOHOST", 68 },	 { "UNAVAILABLE", 69 }, { "SOFTWARE", 70 },
	{ "OSERR", 71 },	 { "OSFILE", 72 },	{ "CANTCREAT", 73 },
	{ "IOERR", 74 },	 { "TEMPFAIL", 75 },	{ "PROTOCOL", 76 },
	{ "NOPERM", 77 },	 { "CONFIG", 78 },
};

static void add_exit(struct unitservice *service, const struct unitfile_assignment *assignment,
		     const char *word)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(codes[i].name, word) != 0)
			continue;
		char *text = mem_format("%d", codes[i].code);
		if (!strlist_has(&service->worker->options.exitcodes, text))
			(void)unitservice_set(service, "exitcodes", text, assignment);
		free(text);
		return;
	}
	if (!strlist_has(&service->worker->options.exitcodes, word))
		(void)unitservice_set(service, "exitcodes", word, assignment);
}

static void add_exits(struct unitservice *service, const char *key)
{
	const struct unitfile_assignment *assignment;
	size_t at = 0;

	while ((assignment = unitfile_next(service->unit, "Service", key, &at))) {
		struct strlist words = STRLIST_INIT;
		const char *why = unitwords_split(assignment->text, &words);

		if (why)
			unitservice_warn(service, assignment, "%s", why);
		for (size_t i = 0; i < words.count; i++)
			add_exit(service, assignment, words.items[i]);
		strlist_free(&words);
	}
}

/* Whether the exit codes or signals A and B are the same. */
static bool is_same_exit(const char *a, const char *b)
{
	bool is_number = (a[0] >= '0' && a[0] <= '9') || (b[0] >= '0' && b[0] <= '9');

	return strcmp(a, b) == 0 ||
	       (!is_number && signame_parse(a) > 0 && signame_parse(a) == signame_parse(b));
}

static void drop_exit(struct unitservice *service, const char *word)
{
	struct strlist *items = &service->worker->options.exitcodes;
	struct strlist left = STRLIST_INIT;

	for (size_t i = 0; i < items->count; i++)
		if (!is_same_exit(items->items[i], word))
			strlist_add(&left, items->items[i]);
	strlist_free(items);
	*items = left;
}

/* Those after which it is started again whatever else is said. */
static void take_forced(struct unitservice *service)
{
	const struct unitfile_assignment *assignment;
	size_t at = 0;

	while ((assignment =
			unitfile_next(service->unit, "Service", "RestartForceExitStatus", &at))) {
		struct strlist words = STRLIST_INIT;

		(void)unitwords_split(assignment->text, &words); /* these have no quotes */
		if (service->worker->options.autorestart == AUTORESTART_NEVER)
			unitservice_warn(service, assignment,
					 "with Restart=no there is no exception here");
		for (size_t i = 0; i < words.count; i++)
			drop_exit(service, words.items[i]);
		strlist_free(&words);
	}
}

/* What systemd takes for a clean end. */
static void set_clean_exits(struct unitservice *service, const struct unitfile_assignment *restart)
{
	static const char *const clean[] = { "0", "HUP", "INT", "TERM", "PIPE" };

	importer_clear(service->worker, "exitcodes");
	for (size_t i = 0; i < sizeof(clean) / sizeof(clean[0]); i++)
		(void)unitservice_set(service, "exitcodes", clean[i], restart);
}

static void warn_of_partial(struct unitservice *service, const struct unitfile_assignment *restart,
			    const char *as)
{
	unitservice_warn(service, restart, "%s: there is no such difference here; it is %s",
			 restart->text, as);
}

static void take_restart(struct unitservice *service)
{
	const struct unitfile_assignment *restart = last(service, "Restart");
	const struct unitfile_assignment *prevent = last(service, "RestartPreventExitStatus");
	const char *text = restart ? restart->text : "no";
	struct importer_place nowhere = { .file = NULL };

	if (strcmp(text, "always") == 0) {
		(void)unitservice_set(service, "autorestart", "always", restart);
	} else if (strcmp(text, "on-failure") == 0) {
		(void)unitservice_set(service, "autorestart", "unexpected", restart);
		set_clean_exits(service, restart);
	} else if (strcmp(text, "on-success") == 0) {
		(void)unitservice_set(service, "autorestart", "always", restart);
		warn_of_partial(service, restart, "always");
	} else if (strncmp(text, "on-", 3) == 0) {
		(void)unitservice_set(service, "autorestart", "unexpected", restart);
		set_clean_exits(service, restart);
		warn_of_partial(service, restart, "unexpected, which is on-failure");
	} else {
		/* Not even a start that fails is tried again. */
		(void)importer_set(service->importer, service->worker, "autorestart", "never",
				   nowhere, "Restart");
		(void)importer_set(service->importer, service->worker, "startretries", "0", nowhere,
				   "Restart");
		(void)importer_set(service->importer, service->worker, "give_up", "true", nowhere,
				   "Restart");
		if (restart && strcmp(text, "no") != 0)
			unitservice_warn(service, restart, "'%.60s' is not known: taken for no",
					 text);
	}
	if (last(service, "SuccessExitStatus") && !importer_is_set(service->worker, "exitcodes"))
		set_clean_exits(service, last(service, "SuccessExitStatus"));
	add_exits(service, "SuccessExitStatus");
	if (prevent && service->worker->options.autorestart == AUTORESTART_UNEXPECTED)
		add_exits(service, "RestartPreventExitStatus");
	else if (prevent)
		unitservice_warn(service, prevent,
				 "with Restart=always there is no exception here");
	take_forced(service);
}

/* Whether systemd would give up on a unit that fails at once, and is tried again every DELAY_MS. */
static bool gives_up(struct unitservice *service, int64_t delay_ms)
{
	const struct unitfile_assignment *interval =
		last_of(service, "StartLimitIntervalSec", "StartLimitInterval");
	const struct unitfile_assignment *burst =
		last_of(service, "StartLimitBurst", "StartLimitBurst");
	int64_t interval_ms = 10000;
	int64_t starts = 5;

	if (interval && !read_time(service, interval, &interval_ms))
		interval_ms = 10000;
	if (burst && units_parse_int(burst->text, 0, 1000000, &starts) != 0)
		unitservice_warn(service, burst, "'%.60s' is no number", burst->text);
	if (interval_ms == 0 || starts == 0)
		return false;
	if (burst && starts > 0) {
		char *text = mem_format("%lld", (long long)starts - 1);
		(void)unitservice_set(service, "startretries", text, burst);
		free(text);
	}
	return delay_ms < interval_ms / starts;
}

/*
 * A fixed pause, or one that grows. Where systemd would give up soon, we go on trying, but ever
 * more seldom.
 */
static void take_delay(struct unitservice *service)
{
	const struct unitfile_assignment *delay = last(service, "RestartSec");
	const struct unitfile_assignment *most = last(service, "RestartMaxDelaySec");
	const struct unitfile_assignment *steps = last(service, "RestartSteps");
	int64_t delay_ms = 100;
	int64_t most_ms = 0;
	bool is_final;

	if (delay && !read_time(service, delay, &delay_ms))
		delay = NULL;
	is_final = gives_up(service, delay_ms);
	if (!delay)
		return;
	set_ms(service, "restart_delay", delay_ms, delay);
	if (most && steps && read_time(service, most, &most_ms) && most_ms >= delay_ms)
		set_ms(service, "restart_delay_max", most_ms, most);
	else if (!is_final || delay_ms > service->worker->options.restart_delay_max_ms)
		set_ms(service, "restart_delay_max", delay_ms, delay);
	importer_note(
		service->importer, service->worker,
		"RestartSec: is waited after failures; a planned end is followed by no wait here");
}

/* ---- stopping ----------------------------------------------------------------------------- */

static void take_killmode(struct unitservice *service)
{
	const struct unitfile_assignment *mode = last(service, "KillMode");
	const char *text = mode ? mode->text : "control-group";
	const char *ours = "group";

	if (strcmp(text, "mixed") == 0)
		ours = "mixed";
	else if (strcmp(text, "process") == 0 || strcmp(text, "none") == 0)
		ours = "process";
	if (mode)
		(void)unitservice_set(service, "killmode", ours, mode);
	else
		(void)importer_set(service->importer, service->worker, "killmode", ours,
				   (struct importer_place){ .file = NULL }, "KillMode");
	if (strcmp(text, "none") == 0)
		unitservice_warn(service, mode, "none: a stop sends a signal here all the same");
}

static void take_timeout(struct unitservice *service)
{
	const struct unitfile_assignment *stop = last(service, "TimeoutStopSec");
	const struct unitfile_assignment *both = last(service, "TimeoutSec");
	const struct unitfile_assignment *kill = last(service, "SendSIGKILL");
	const struct unitfile_assignment *said = stop ? stop : both;
	int64_t ms = 90000;

	if (said && !read_time(service, said, &ms))
		ms = 90000;
	/* To systemd 0 is no limit. */
	if (ms == 0)
		ms = NEVER_MS;
	if (kill && strchr("nNfF0", kill->text[0])) {
		ms = NEVER_MS;
		said = kill;
	}
	set_ms(service, "stopwaitsecs", ms, said);
}

static void take_age(struct unitservice *service)
{
	const struct unitfile_assignment *age = last(service, "RuntimeMaxSec");
	int64_t ms;

	if (age && read_time(service, age, &ms) && ms > 0 && ms < NEVER_MS)
		set_ms(service, "max_age", ms, age);
}

void unitrestart_fill(struct unitservice *service)
{
	const struct unitfile_assignment *signal = last(service, "KillSignal");

	take_restart(service);
	take_delay(service);
	take_killmode(service);
	take_timeout(service);
	take_age(service);
	if (signal)
		(void)unitservice_set(service, "stopsignal", signal->text, signal);
}
