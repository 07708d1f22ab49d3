/* SPDX-License-Identifier: ISC */
#include "watchdog/verbs/deliver_run.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/nearest.h"
#include "watchdog/verbs/deliver.h"

/* ---- what the parts share ----------------------------------------------------------------- */

int deliver_open(const struct deliver *deliver, struct journal **journal,
		 enum journal_access access, struct err *err)
{
	struct str notice = STR_INIT;
	int status = journal_open(journal, deliver->config.state_dir, access, &notice, err);

	if (notice.len)
		out_warn(&deliver->call->out, "%s", str_text(&notice));
	str_free(&notice);
	return status;
}

int deliver_refuse(const struct deliver *deliver, const char *kinds, const struct strlist *known)
{
	struct nearest nearest = nearest_begin(deliver->what);
	const struct out *out = &deliver->call->out;

	for (size_t i = 0; i < known->count; i++)
		nearest_consider(&nearest, known->items[i]);
	if (nearest.word)
		out_error(out, "no such %s: %s (did you mean %s?)", kinds, deliver->what,
			  nearest.word);
	else if (deliver->config.error_count)
		out_error(out,
			  "no such %s: %s (the configuration has errors, see `cronherd config`)",
			  kinds, deliver->what);
	else
		out_error(out, "no such %s: %s (see `cronherd deliver --status`)", kinds,
			  deliver->what);
	return VERB_USAGE;
}

const char *deliver_state(const struct tally_webhook *webhook, int64_t now_wall_ms)
{
	const struct journal_endpoint *endpoint = &webhook->endpoint;

	if (!webhook->webhook)
		return webhook->is_broken ? "broken" : "removed";
	if (endpoint->disabled_wall_ms)
		return "disabled";
	if (!endpoint->failing_wall_ms)
		return "ok";
	return endpoint->failures == 0 && endpoint->next_wall_ms > now_wall_ms ? "sleeping"
									       : "failing";
}

/* ---- the command line --------------------------------------------------------------------- */

struct request {
	int (*action)(const struct deliver *deliver); /* NULL: none yet */
	struct deliver deliver;
	bool takes_what; /* a name or id may stand behind the options */
	bool is_twice;
};

static const struct {
	char letter;
	int (*action)(const struct deliver *deliver);
} actions[] = {
	{ 's', deliver_status }, { 't', deliver_test }, { 'r', deliver_reach },
	{ 'e', deliver_enable }, { 'd', deliver_dead }, { 'R', deliver_replay },
	{ 'p', deliver_purge },
};

static void set_action(struct request *request, int letter)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (actions[i].letter == letter) {
			request->is_twice = request->is_twice || request->action;
			request->action = actions[i].action;
		}
	request->takes_what = letter == 'R' || letter == 'p';
	if (optarg)
		request->deliver.what = optarg;
}

static int read_options(struct request *request)
{
	static const struct option options[] = { { "now", no_argument, NULL, 'n' },
						 { "detached", no_argument, NULL, 'D' },
						 { "json", no_argument, NULL, 'j' },
						 { "status", no_argument, NULL, 's' },
						 { "test", required_argument, NULL, 't' },
						 { "reach", no_argument, NULL, 'r' },
						 { "enable", required_argument, NULL, 'e' },
						 { "dead", no_argument, NULL, 'd' },
						 { "replay", no_argument, NULL, 'R' },
						 { "purge", no_argument, NULL, 'p' },
						 { NULL, 0, NULL, 0 } };
	const struct verb_call *call = request->deliver.call;
	int option;

	while ((option = getopt_long(call->argc, call->argv, "", options, NULL)) != -1) {
		if (option == '?')
			return verb_misuse(call, "");
		if (option == 'n')
			request->deliver.is_now = true;
		else if (option == 'D')
			request->deliver.is_detached = true;
		else if (option == 'j')
			request->deliver.is_json = true;
		else
			set_action(request, option);
	}
	return VERB_DONE;
}

/* What goes with what. */
static int check_options(struct request *request)
{
	const struct verb_call *call = request->deliver.call;
	int count = call->argc - optind;

	if (request->is_twice ||
	    (request->action && (request->deliver.is_now || request->deliver.is_detached)))
		return verb_misuse(call, "one thing at a time");
	if (request->deliver.is_json && request->action != deliver_status &&
	    request->action != deliver_dead)
		return verb_misuse(call, "--json goes with --status and --dead");
	if (count > (request->takes_what ? 1 : 0))
		return verb_misuse(call, "what is \"%s\"?", call->argv[call->argc - 1]);
	if (count)
		request->deliver.what = call->argv[optind];
	return VERB_DONE;
}

static void warn(const struct deliver *deliver)
{
	for (size_t i = 0; i < deliver->config.error_count && !deliver->is_detached; i++) {
		struct str text = STR_INIT;

		config_error_text(&deliver->config.errors[i], &text);
		out_warn(&deliver->call->out, "%s", str_text(&text));
		str_free(&text);
	}
}

int deliver_run(const struct verb_call *call)
{
	struct request request = { .deliver = { .call = call } };
	struct err err = ERR_INIT;
	int status = read_options(&request);

	if (status == VERB_DONE)
		status = check_options(&request);
	if (status != VERB_DONE)
		return status;
	if (config_load(&request.deliver.config, call->config_file, &err)) {
		status = verb_fail(call, &err);
	} else {
		warn(&request.deliver);
		status = request.action ? request.action(&request.deliver)
					: deliver_send(&request.deliver);
	}
	config_free(&request.deliver.config);
	return status;
}
