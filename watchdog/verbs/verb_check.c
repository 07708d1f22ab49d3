/* SPDX-License-Identifier: ISC */
/* check: what a monitoring system asks. Looks and changes nothing; the exit status is a plugin's.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "watchdog/report/health.h"
#include "watchdog/report/render_plugin.h"
#include "watchdog/round/pass.h"
#include "watchdog/round/survey.h"
#include "watchdog/round/target.h"
#include "watchdog/verbs/verb.h"

static void print(struct str *text)
{
	fputs(str_text(text), stdout);
	str_free(text);
}

static int fail(const char *why)
{
	struct str text = STR_INIT;

	render_plugin_failure(why, &text);
	print(&text);
	return HEALTH_UNKNOWN;
}

static int judge(const struct verb_call *call, struct herd *herd, bool is_whole)
{
	struct snapshot snapshot;
	struct health_verdict verdict;
	struct str text = STR_INIT;
	int status;

	pass_look(herd);
	survey_take(herd, &snapshot);
	status = survey_strays(herd, is_whole, &snapshot);
	if (status < 0)
		out_warn(&call->out, "cannot look for strays: %s", strerror(-status));
	health_judge(&snapshot, &verdict);
	render_plugin(&snapshot, &verdict, &text);
	print(&text);
	snapshot_free(&snapshot);
	return (int)verdict.health;
}

static int run(const struct verb_call *call)
{
	static const struct option options[] = { { NULL, 0, NULL, 0 } };
	struct err err = ERR_INIT;
	struct herd herd;
	int count, status;

	if (getopt_long(call->argc, call->argv, "", options, NULL) != -1) {
		(void)verb_misuse(call, ""); /* its status would be read as CRITICAL */
		return HEALTH_UNKNOWN;
	}
	count = call->argc - optind;
	if (herd_open(&herd, call->config_file, HERD_READ, NULL, &call->out, &err) ||
	    target_select(&herd, call->argv + optind, count, &err))
		status = fail(err.text);
	else
		status = judge(call, &herd, count == 0);
	herd_close(&herd);
	return status;
}

const struct verb verb_check = {
	.name = "check",
	.summary = "is all well? One line for what is not, exit status of a monitoring plugin",
	.synopsis = "[TARGET ...]",
	.help = "Looks and changes nothing. The first line is a summary with performance data; "
		"then "
		"one\n"
		"line for each instance that is not well, and for what is wrong around them.\n\n"
		"exit status:\n"
		"  0 OK        all that is to run, runs; what is held is well, and counted\n"
		"  1 WARNING   BACKOFF, over memory_limit, broken configuration, no round for too "
		"long,\n"
		"              processes that no instance owns\n"
		"  2 CRITICAL  is to run and does not; FATAL\n"
		"  3 UNKNOWN   cannot tell; also usage errors\n\n"
		"examples:\n"
		"  cronherd check            from Nagios, Icinga, Zabbix ...\n"
		"  cronherd check '@mail'    one group\n"
		"  cronherd check >/dev/null || echo \"look at it\"\n",
	.run = run,
};
