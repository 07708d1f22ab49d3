/* SPDX-License-Identifier: ISC */
/* unitservice: setting by setting; what none of these has asked for is warned of in the end. */
#include "watchdog/import/unitservice.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/signame.h"
#include "watchdog/base/units.h"
#include "watchdog/base/utf8.h"
#include "watchdog/import/pyformat.h"
#include "watchdog/import/unitexec.h"
#include "watchdog/import/unitrestart.h"
#include "watchdog/import/unitwords.h"

/* ---- for all ------------------------------------------------------------------------------ */

void unitservice_warn(struct unitservice *service, const struct unitfile_assignment *assignment,
		      const char *format, ...)
{
	struct str text = STR_INIT;
	va_list args;

	va_start(args, format);
	str_addv(&text, format, args);
	va_end(args);
	importer_warn(service->importer, service->worker, unitfile_place(assignment), "%s: %s",
		      assignment->key, str_text(&text));
	str_free(&text);
}

char *unitservice_expand(struct unitservice *service, const struct unitfile_assignment *assignment,
			 const char *text)
{
	struct err err = ERR_INIT;
	char *out;

	/* Our marks are control characters. */
	if (!utf8_is_value(text)) {
		unitservice_warn(service, assignment, "control characters cannot be kept");
		return NULL;
	}
	out = unitspec_expand(&service->spec, text, &err);
	if (!out)
		unitservice_warn(service, assignment, "'%.200s': %s", text, err.text);
	return out;
}

bool unitservice_set(struct unitservice *service, const char *option, const char *text,
		     const struct unitfile_assignment *assignment)
{
	char *finished = pyformat_finish(text);
	bool is_set = importer_set(service->importer, service->worker, option, finished,
				   unitfile_place(assignment), assignment->key);

	free(finished);
	return is_set;
}

static const struct unitfile_assignment *last(struct unitservice *service, const char *key)
{
	return unitfile_last(service->unit, "Service", key);
}

/* OPTION as KEY has it. */
static void take_over(struct unitservice *service, const char *key, const char *option)
{
	const struct unitfile_assignment *assignment = last(service, key);
	char *text = assignment ? unitservice_expand(service, assignment, assignment->text) : NULL;

	if (text)
		(void)unitservice_set(service, option, text, assignment);
	free(text);
}

/* ---- what runs ---------------------------------------------------------------------------- */

/* False where it is of a kind that cannot be kept. */
static bool take_type(struct unitservice *service)
{
	const struct unitfile_assignment *type = last(service, "Type");
	const struct unitfile_assignment *pidfile = last(service, "PIDFile");
	const char *text = type ? type->text : "simple";

	if (strcmp(text, "oneshot") == 0) {
		unitservice_warn(service, type,
				 "oneshot: it is to end, not to be kept; cron itself can call it");
		service->is_left_out = true;
		return false;
	}
	if (strcmp(text, "forking") == 0 && !pidfile) {
		unitservice_warn(service, type,
				 "forking without PIDFile=: nobody could tell which process it is; "
				 "have it stay in "
				 "the foreground");
		service->is_left_out = true;
		return false;
	}
	if (strcmp(text, "forking") == 0) {
		char *path = unitservice_expand(service, pidfile, pidfile->text);
		char *whole = path ? mem_format("%s%s", path[0] == '/' ? "" : "/run/", path) : NULL;

		if (whole && unitservice_set(service, "pidfile", whole, pidfile))
			(void)unitservice_set(service, "type", "forking", type);
		free(whole);
		free(path);
	} else if (type && strcmp(text, "simple") != 0 && strcmp(text, "exec") != 0 &&
		   strcmp(text, "idle") != 0) {
		unitservice_warn(service, type,
				 "%.60s: that it is ready is not known here, only that it runs",
				 text);
	}
	return true;
}

static void take_directory(struct unitservice *service)
{
	const struct unitfile_assignment *assignment = last(service, "WorkingDirectory");
	char *path = assignment ? unitservice_expand(service, assignment, assignment->text) : NULL;

	if (path && path[0] == '-')
		unitservice_warn(service, assignment,
				 "'-': a directory that is missing fails the start here");
	if (path)
		(void)unitservice_set(service, "directory", path + (path[0] == '-'), assignment);
	else if (!assignment && service->spec.is_system)
		(void)importer_set(service->importer, service->worker, "directory", "/",
				   (struct importer_place){ .file = NULL }, "WorkingDirectory");
	free(path);
}

static void take_user(struct unitservice *service)
{
	const struct unitfile_assignment *dynamic = last(service, "DynamicUser");

	take_over(service, "User", "user");
	take_over(service, "Group", "group");
	if (dynamic)
		unitservice_warn(service, dynamic,
				 "there are no such users here: make one, and name it as user");
	if (service->worker->options.user && geteuid() != 0)
		unitservice_warn(service, last(service, "User"),
				 "needs cronherd to be run by root; or import this as %s",
				 service->worker->options.user);
}

/* "95%" of what the host has. */
static bool percent_of_memory(const char *text, int64_t *bytes)
{
	char *digits = mem_dup(text);
	size_t len = strlen(digits);
	int64_t percent;
	bool is_percent = len > 1 && digits[len - 1] == '%';

	if (is_percent)
		digits[len - 1] = '\0';
	is_percent = is_percent && units_parse_int(digits, 1, 100, &percent) == 0;
	if (is_percent)
		*bytes = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / 100 * percent;
	free(digits);
	return is_percent;
}

static void take_memory(struct unitservice *service, const char *key, const char *option)
{
	const struct unitfile_assignment *assignment = last(service, key);
	int64_t bytes;
	char *text;

	if (!assignment || strcmp(assignment->text, "infinity") == 0)
		return;
	if (percent_of_memory(assignment->text, &bytes)) {
		text = mem_format("%lld", (long long)bytes);
		unitservice_warn(service, assignment, "%s is what it is on this host",
				 assignment->text);
	} else {
		text = mem_dup(assignment->text);
	}
	/* A unit's memory is that of all its processes. */
	if (unitservice_set(service, option, text, assignment))
		(void)unitservice_set(service, "memory_scope", "tree", assignment);
	free(text);
}

static void compare_memory(struct unitservice *service)
{
	const struct worker_options *options = &service->worker->options;

	if (options->memory_limit_bytes == OPTION_NONE ||
	    options->memory_max_bytes == OPTION_NONE ||
	    options->memory_max_bytes >= options->memory_limit_bytes)
		return;
	unitservice_warn(service, last(service, "MemoryHigh"),
			 "is above what it is killed at, and is left out");
	importer_unset(service->worker, "memory_limit");
}

/* ---- limits ------------------------------------------------------------------------------- */

static const struct {
	const char *key, *name;
	bool is_time; /* in seconds */
} limits[] = {
	{ "LimitAS", "as", false },	      { "LimitCORE", "core", false },
	{ "LimitCPU", "cpu", true },	      { "LimitDATA", "data", false },
	{ "LimitFSIZE", "fsize", false },     { "LimitLOCKS", "locks", false },
	{ "LimitMEMLOCK", "memlock", false }, { "LimitMSGQUEUE", "msgqueue", false },
	{ "LimitNICE", "nice", false },	      { "LimitNOFILE", "nofile", false },
	{ "LimitNPROC", "nproc", false },     { "LimitRSS", "rss", false },
	{ "LimitRTPRIO", "rtprio", false },   { "LimitSIGPENDING", "sigpending", false },
	{ "LimitSTACK", "stack", false },
};

/* A time of systemd's as seconds, where it is one. Allocated. */
static char *seconds_of(const char *text, size_t len)
{
	char *part = mem_dup_n(text, len);
	int64_t ms;
	char *seconds;

	if (units_parse_duration(part, &ms) != 0)
		return part;
	seconds = mem_format("%lld", (long long)((ms + 999) / 1000));
	free(part);
	return seconds;
}

static void take_limits(struct unitservice *service)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct unitfile_assignment *assignment = last(service, limits[i].key);
		char *item;

		if (!assignment)
			continue;
		if (limits[i].is_time) {
			size_t len = strcspn(assignment->text, ":");
			const char *rest =
				assignment->text[len] ? assignment->text + len + 1 : NULL;
			char *soft = seconds_of(assignment->text, len);
			char *hard = rest ? seconds_of(rest, strlen(rest)) : NULL;

			item = mem_format("%s=%s%s%s", limits[i].name, soft, hard ? ":" : "",
					  hard ? hard : "");
			free(soft);
			free(hard);
		} else {
			item = mem_format("%s=%s", limits[i].name, assignment->text);
		}
		(void)unitservice_set(service, "limits", item, assignment);
		free(item);
	}
}

/* ---- output ------------------------------------------------------------------------------- */

static void take_output(struct unitservice *service, const char *key, const char *option)
{
	static const char *const files[] = { "append:", "file:", "truncate:" };
	const struct unitfile_assignment *assignment = last(service, key);
	const char *text = assignment ? assignment->text : "inherit";

	if (strcmp(text, "inherit") == 0)
		return;
	if (strcmp(text, "null") == 0) {
		(void)unitservice_set(service, option, "none", assignment);
		return;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		size_t len = strlen(files[i]);

		if (strncmp(text, files[i], len) != 0)
			continue;
		char *path = unitservice_expand(service, assignment, text + len);
		if (path && unitservice_set(service, option, path, assignment) && i > 0)
			unitservice_warn(service, assignment,
					 "%.60s: a log is appended to, and rotated", text);
		free(path);
		return;
	}
	if (strcmp(text, "journal") == 0)
		importer_note(service->importer, service->worker,
			      "%s: what went to the journal is in a file of log_dir here", key);
	else
		unitservice_warn(service, assignment,
				 "%.60s: a worker writes into a file, here the default one", text);
}

static void take_outputs(struct unitservice *service)
{
	const struct unitfile_assignment *error = last(service, "StandardError");

	take_output(service, "StandardOutput", "stdout_logfile");
	/* What is not said inherits, as ours does. */
	if (error)
		take_output(service, "StandardError", "stderr_logfile");
	if (error && strcmp(error->text, "journal") == 0 &&
	    importer_is_set(service->worker, "stdout_logfile"))
		(void)importer_set(service->importer, service->worker, "stderr_logfile",
				   "%n.err.log", unitfile_place(error), "StandardError");
}

/* ---- the rest ----------------------------------------------------------------------------- */

/* These ask for nothing that would be missed, or somebody else reads them. */
static const char *const passed_over[] = {
	"Unit.Description",
	"Unit.Documentation",
	"Unit.After",
	"Unit.Before",
	"Unit.Wants",
	"Unit.Requires",
	"Unit.Requisite",
	"Unit.BindsTo",
	"Unit.PartOf",
	"Unit.Upholds",
	"Unit.DefaultDependencies",
	"Unit.CollectMode",
	"Unit.SourcePath",
	"Install.WantedBy",
	"Install.RequiredBy",
	"Install.UpheldBy",
	"Install.Also",
	"Install.Alias",
	"Install.DefaultInstance",
	"Service.GuessMainPID",
	"Service.MemoryAccounting",
	"Service.CPUAccounting",
	"Service.IOAccounting",
	"Service.TasksAccounting",
	"Service.IPAccounting",
	"Service.BlockIOAccounting",
	"Service.SyslogIdentifier",
	"Service.SyslogFacility",
	"Service.SyslogLevel",
	"Service.SyslogLevelPrefix",
	"Service.TimeoutStartSec",
	NULL,
};

static const struct {
	const char *key, *why;
} reasons[] = {
	{ "ExecStartPre",
	  "nothing runs before a worker; a script that ends with exec can do both" },
	{ "ExecStartPost", "nothing runs after the start of a worker; a webhook tells of it" },
	{ "ExecCondition", "there are no conditions; a script that ends with exec can ask" },
	{ "ExecStop", "a worker is stopped by stopsignal" },
	{ "ExecStopPost", "nothing runs after a worker; a webhook tells of its end" },
	{ "WatchdogSec",
	  "nobody hears its pings; heartbeat_file and heartbeat_timeout do the same by a file" },
	{ "PrivateTmp", "there is no sandbox here" },
	{ "NoNewPrivileges", "there is no sandbox here" },
	{ "CPUQuota", "nothing is slowed down here; cpu_limit restarts" },
	{ "TasksMax",
	  "there are no cgroups here; limits = {\"nproc=…\"} counts those of the user" },
	{ "RuntimeRandomizedExtraSec",
	  "instances are spread over the last tenth of max_age by themselves" },
	{ "SupplementaryGroups", "it gets all groups that its user is in" },
	{ "OnFailure", "a webhook tells of it" },
	{ NULL, NULL },
};

static const char *reason_of(const char *key)
{
	for (size_t i = 0; reasons[i].key; i++)
		if (strcmp(reasons[i].key, key) == 0)
			return reasons[i].why;
	return "there is nothing like it here";
}

static bool is_passed_over(const struct unitfile_assignment *assignment)
{
	if (strncmp(assignment->section, "X-", 2) == 0 || strncmp(assignment->key, "X-", 2) == 0)
		return true;
	for (const char *const *known = passed_over; *known; known++) {
		size_t len = strlen(assignment->section);

		if (strncmp(*known, assignment->section, len) == 0 && (*known)[len] == '.' &&
		    strcmp(*known + len + 1, assignment->key) == 0)
			return true;
	}
	return false;
}

static void warn_of_the_rest(struct unitservice *service)
{
	for (size_t i = 0; i < service->unit->count; i++) {
		const struct unitfile_assignment *assignment = &service->unit->items[i];

		if (!assignment->is_known && assignment->text[0] != '\0' &&
		    !is_passed_over(assignment))
			unitservice_warn(service, assignment, "%.200s: %s", assignment->text,
					 reason_of(assignment->key));
	}
}

static void note_description(struct unitservice *service)
{
	const struct unitfile_assignment *assignment =
		unitfile_last(service->unit, "Unit", "Description");
	char *text = assignment ? unitspec_expand(&service->spec, assignment->text, NULL) : NULL;
	char *finished = text ? pyformat_finish(text) : NULL;

	if (finished)
		importer_note(service->importer, service->worker, "%s", finished);
	free(finished);
	free(text);
}

void unitservice_fill(struct unitservice *service)
{
	note_description(service);
	if (!take_type(service))
		return;
	take_user(service);
	unitexec_environment(service);
	unitexec_start(service);
	take_directory(service);
	take_over(service, "UMask", "umask");
	take_over(service, "Nice", "nice");
	take_over(service, "OOMScoreAdjust", "oom_score_adjust");
	take_limits(service);
	take_memory(service, "MemoryHigh", "memory_limit");
	take_memory(service, "MemoryLimit", "memory_max");
	take_memory(service, "MemoryMax", "memory_max");
	compare_memory(service);
	take_outputs(service);
	unitrestart_fill(service);
	unitexec_reload(service);
	warn_of_the_rest(service);
}
