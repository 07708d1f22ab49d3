/* SPDX-License-Identifier: ISC */
/* status: the herd as it is, for people and for programs. Looks and changes nothing. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "watchdog/report/render_html.h"
#include "watchdog/report/render_json.h"
#include "watchdog/report/render_prom.h"
#include "watchdog/report/render_table.h"
#include "watchdog/round/pass.h"
#include "watchdog/round/survey.h"
#include "watchdog/round/target.h"
#include "watchdog/verbs/verb.h"

#define WATCH_S 2

#define SCREEN_ENTER "\033[?1049h\033[?25l"
#define SCREEN_LEAVE "\033[?25h\033[?1049l"
#define SCREEN_HOME  "\033[H"
#define LINE_END     "\033[K\n"
#define SCREEN_END   "\033[J"

enum form { FORM_TABLE, FORM_JSON, FORM_PROMETHEUS, FORM_HTML };

struct request {
	const struct verb_call *call;
	char *const *targets;
	int count;
	enum form form;
	bool is_watching;
};

/* ---- one look ----------------------------------------------------------------------------- */

/* A verb's exit status; HERD is to be closed in any case. */
static int look(const struct request *request, struct herd *herd, struct err *err)
{
	if (herd_open(herd, request->call->config_file, HERD_READ, NULL, &request->call->out, err) ||
	    target_select(herd, request->targets, request->count, err))
		return err_exit_status(err);
	pass_look(herd);
	return VERB_DONE;
}

static void add_error(const struct config_error *error, struct str *text)
{
	str_add(text, error->file);
	if (error->line)
		str_addf(text, ":%d", error->line);
	str_addf(text, ": %s", error->message);
}

static void warn(const struct out *out, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->error_count; i++) {
		struct str text = STR_INIT;

		add_error(&snapshot->errors[i], &text);
		out_warn(out, "%s", str_text(&text));
		str_free(&text);
	}
	for (size_t i = 0; i < snapshot->scale_count; i++) {
		struct str text = STR_INIT;

		snapshot_scale_text(&snapshot->scales[i], &text);
		out_warn(out, "%s", str_text(&text));
		str_free(&text);
	}
	if (snapshot->foreign)
		out_warn(out, "%s", snapshot->foreign);
	if (!snapshot->count)
		out_warn(out, "no instance to show: no worker is defined, or numprocs is 0");
}

static void show_table(const struct out *out, const struct snapshot *snapshot, struct str *text)
{
	struct render_table_options options = { .has_color = out->color,
						.has_summary = out->terminal };

	render_table(snapshot, &options, text);
	warn(out, snapshot);
}

static void show(const struct request *request, const struct herd *herd,
		 const struct snapshot *snapshot, struct str *text)
{
	struct deliveries deliveries;

	survey_deliveries(herd, &deliveries);
	switch (request->form) {
	case FORM_TABLE:
		show_table(&request->call->out, snapshot, text);
		break;
	case FORM_JSON:
		render_json(snapshot, text);
		break;
	case FORM_PROMETHEUS:
		render_prom(snapshot, &deliveries, text);
		break;
	case FORM_HTML:
		render_html(snapshot, &deliveries, text);
		break;
	}
	deliveries_free(&deliveries);
}

static int show_once(const struct request *request)
{
	struct snapshot snapshot;
	struct str text = STR_INIT;
	struct err err = ERR_INIT;
	struct herd herd;
	int status = look(request, &herd, &err);

	if (status == VERB_DONE) {
		survey_take(&herd, &snapshot);
		show(request, &herd, &snapshot, &text);
		fputs(str_text(&text), stdout);
		str_free(&text);
		snapshot_free(&snapshot);
	} else {
		status = verb_fail(request->call, &err);
	}
	herd_close(&herd);
	return status;
}

/* ---- watching ----------------------------------------------------------------------------- */

static struct winsize screen_size(void)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	struct winsize asked;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &asked) == 0 && asked.ws_row && asked.ws_col)
		size = asked;
	return size;
}

static void compose(const struct request *request, size_t columns, struct str *text)
{
	struct render_table_options options = { .has_color = request->call->out.color,
						.has_summary = true,
						.columns = columns };
	struct snapshot snapshot;
	struct err err = ERR_INIT;
	struct herd herd;

	if (look(request, &herd, &err) == VERB_DONE) {
		survey_take(&herd, &snapshot);
		render_table(&snapshot, &options, text);
		for (size_t i = 0; i < snapshot.error_count; i++) {
			add_error(&snapshot.errors[i], text);
			str_add(text, "\n");
		}
		for (size_t i = 0; i < snapshot.scale_count; i++) {
			snapshot_scale_text(&snapshot.scales[i], text);
			str_add(text, "\n");
		}
		if (snapshot.foreign)
			str_addf(text, "%s\n", snapshot.foreign);
		snapshot_free(&snapshot);
	} else {
		str_addf(text, "%s\n", err.text);
	}
	herd_close(&herd);
}

/* Each line over what it had, then the rest cleared: nothing flickers. The last row stays empty, so
 * that nothing scrolls. */
static void draw(const struct str *text, size_t rows)
{
	const char *at = str_text(text);

	fputs(SCREEN_HOME, stdout);
	for (size_t row = 1; *at && row < rows; row++) {
		size_t len = strcspn(at, "\n");

		(void)fwrite(at, 1, len, stdout); /* fflush tells of failures */
		fputs(LINE_END, stdout);
		at += len + (at[len] == '\n');
	}
	fputs(SCREEN_END, stdout);
}

/* Until something else than a change of the window's size comes. The signals are blocked. */
static bool is_to_end(const sigset_t *signals)
{
	struct timespec wait = { .tv_sec = WATCH_S };
	int sig = sigtimedwait(signals, NULL, &wait);

	return sig > 0 && sig != SIGWINCH;
}

static void watch(const struct request *request)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
	sigset_t signals;
	bool is_over;

	sigemptyset(&signals);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaddset(&signals, ends[i]);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	fputs(SCREEN_ENTER, stdout);
	do {
		struct winsize size = screen_size();
		struct str text = STR_INIT;

		compose(request, size.ws_col, &text);
		draw(&text, size.ws_row);
		str_free(&text);
		is_over = fflush(stdout) != 0 || is_to_end(&signals);
	} while (!is_over);
	fputs(SCREEN_LEAVE, stdout);
	(void)fflush(stdout); /* main looks at errors */
}

static int show_on(const struct request *request)
{
	struct err err = ERR_INIT;
	struct herd herd;
	int status = look(request, &herd, &err);

	/* What cannot be shown at all is said, not watched. */
	if (status != VERB_DONE)
		status = verb_fail(request->call, &err);
	herd_close(&herd);
	if (status == VERB_DONE)
		watch(request);
	return status;
}

/* ---- the verb ----------------------------------------------------------------------------- */

static const struct {
	int option;
	const char *name;
} forms[] = {
	[FORM_TABLE] = { 0, NULL },
	[FORM_JSON] = { 'j', "--json" },
	[FORM_PROMETHEUS] = { 'p', "--prometheus" },
	[FORM_HTML] = { 'h', "--html" },
};

#define FORM_COUNT ((int)(sizeof(forms) / sizeof(forms[0])))

/* VERB_DONE, or what is wrong has been said. */
static int take_form(struct request *request, int option)
{
	int form = FORM_TABLE;

	while (++form < FORM_COUNT && forms[form].option != option)
		;
	if (form == FORM_COUNT)
		return verb_misuse(request->call, "");
	if (request->form != FORM_TABLE && (int)request->form != form)
		return verb_misuse(request->call, "%s and %s: one at a time",
				   forms[request->form].name, forms[form].name);
	request->form = (enum form)form;
	return VERB_DONE;
}

static int check_watching(const struct request *request)
{
	if (request->is_watching && request->form != FORM_TABLE)
		return verb_misuse(request->call, "--watch draws a table: not with %s",
				   forms[request->form].name);
	if (request->is_watching && !request->call->out.terminal)
		return verb_misuse(request->call, "--watch needs a terminal");
	return VERB_DONE;
}

static int run(const struct verb_call *call)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "watch", no_argument, NULL, 'w' },
						 { "prometheus", no_argument, NULL, 'p' },
						 { "html", no_argument, NULL, 'h' },
						 { NULL, 0, NULL, 0 } };
	struct request request = { .call = call };
	int option;

	while ((option = getopt_long(call->argc, call->argv, "", options, NULL)) != -1) {
		if (option == 'w')
			request.is_watching = true;
		else if (take_form(&request, option))
			return VERB_USAGE;
	}
	request.targets = call->argv + optind;
	request.count = call->argc - optind;
	if (check_watching(&request))
		return VERB_USAGE;
	return request.is_watching ? show_on(&request) : show_once(&request);
}

const struct verb verb_status = {
	.name = "status",
	.summary = "a table: state, pid, uptime, memory, restarts, last exit, what comes next",
	.synopsis = "[--json | --prometheus | --html | --watch] [TARGET ...]",
	.help = "  --json        one object for programs, see cronherd(1)\n"
		"  --prometheus  metrics, see cronherd(1); metrics_file has each round write them\n"
		"  --html        one page; status_page has each round write it\n"
		"  --watch       draw it anew each 2 s, until Ctrl-C\n\n"
		"Looks and changes nothing. Exit status 0 whatever the states are: for that, see "
		"`cronherd check`.\n\n"
		"examples:\n"
		"  cronherd status                 all\n"
		"  cronherd status --watch '@web'  one group, as it changes\n"
		"  cronherd status --json | jq '.instances[] | select(.state != \"RUNNING\") | "
		".id'\n",
	.run = run,
};
