/* SPDX-License-Identifier: ISC */
#include "watchdog/report/why.h"

#include <string.h>

#include "watchdog/base/signame.h"
#include "watchdog/base/units.h"

/* ---- pieces ------------------------------------------------------------------------------- */

static void add_span(int64_t ms, struct str *why)
{
	char text[UNITS_TEXT_SIZE];

	str_add(why, units_format_duration(ms >= 1000 ? ms / 1000 * 1000 : ms, text));
}

/* Up, so that "in 0s" is never said of what is still to come. */
static void add_delay(int64_t ms, struct str *why)
{
	add_span((ms + 999) / 1000 * 1000, why);
}

void why_add_time(int64_t wall_ms, struct str *why)
{
	char text[CLOCK_RFC3339_SIZE];
	const char *at = clock_rfc3339(wall_ms, text);

	str_add_n(why, at, strcspn(at, "."));
	str_add(why, "Z");
}

void why_add_exit(const struct exitinfo *exit, struct str *why)
{
	if (!exit->known)
		str_add(why, "ended, nobody saw how");
	else if (exit->signal)
		str_addf(why, "ended by %s", signame_text(exit->signal));
	else
		str_addf(why, "exited with %d", exit->code);
}

static void add_hold(const struct snapshot_instance *view, struct str *why)
{
	str_addf(why, "held by %s", view->held_by);
	if (view->is_held_until_reboot)
		str_add(why, " until the next boot");
	if (!view->held_until_wall_ms)
		return;
	str_add(why, view->is_held_until_reboot ? ", at least until " : " until ");
	why_add_time(view->held_until_wall_ms, why);
}

/* Why it is not to run. */
static void add_rest(const struct snapshot_facts *facts, const struct snapshot_instance *view,
		     struct str *why)
{
	if (view->held_by)
		add_hold(view, why);
	else if (facts->definition == DEFINITION_EXCESS)
		str_add(why, "not among numprocs any more");
	else if (facts->definition == DEFINITION_REMOVED)
		str_add(why, "not defined any more");
	else
		str_addf(why, "not enabled; `cronherd start %s` starts it", view->worker);
}

static void add_frozen(const struct snapshot_facts *facts, struct str *why)
{
	if (facts->definition == DEFINITION_BROKEN)
		str_add(why, "its definition cannot be read (a file is broken): left as it is");
	else
		str_add(why, "its definition has just gone: left as it is for a moment");
}

static const char *reason_phrase(enum reason reason)
{
	switch (reason) {
	case REASON_MEMORY_LIMIT:
		return "over its memory_limit";
	case REASON_MEMORY_MAX:
		return "over its memory_max";
	case REASON_MAX_AGE:
		return "older than its max_age";
	case REASON_HUNG:
		return "hung";
	case REASON_CONFIG_CHANGED:
		return "its definition has changed";
	case REASON_DEPLOY:
		return "deployed anew";
	case REASON_MANUAL:
		return "asked for by a person";
	case REASON_REMOVED:
		return "not defined any more";
	case REASON_HOST_REBOOTED:
		return "the host was rebooted";
	case REASON_NONE:
	case REASON_MISSING:
	case REASON_EXITED:
	case REASON_CRASHED:
	case REASON_KILLED:
	case REASON_OOM:
		break;
	}
	return reason_name(reason);
}

/* ---- alive -------------------------------------------------------------------------------- */

static void add_prospect(const struct snapshot_facts *facts, const struct snapshot_instance *view,
			 struct str *why)
{
	if (facts->intent == INTENT_FREEZE) {
		str_add(why, "; ");
		add_frozen(facts, why);
	} else if (!view->is_wanted) {
		str_add(why, "; ");
		add_rest(facts, view, why);
		str_add(why, ": the next round stops it");
	} else if (facts->decision->action == ACTION_KILL) {
		str_add(why, "; over its memory_max: the next round kills it");
	} else if (facts->pressure != REASON_NONE) {
		str_addf(why, "; %s: to be replaced when its turn comes",
			 reason_phrase(facts->pressure));
	}
}

static void explain_running(const struct snapshot_facts *facts,
			    const struct snapshot_instance *view, struct str *why)
{
	str_add(why, "running for ");
	add_span(view->uptime_ms, why);
	if (facts->seen->recovered)
		str_add(why, "; its pidfile is lost, the next round writes it anew");
	add_prospect(facts, view, why);
}

static void explain_starting(const struct snapshot_facts *facts,
			     const struct snapshot_instance *view, struct str *why)
{
	const struct worker *worker = facts->instance->worker;

	str_add(why, "started ");
	add_span(view->uptime_ms, why);
	str_add(why, " ago");
	if (worker) {
		str_add(why, ", has to last ");
		add_span(worker->options.startsecs_ms, why);
	}
	add_prospect(facts, view, why);
}

static void explain_stopping(const struct snapshot_facts *facts,
			     const struct snapshot_instance *view, struct clock now,
			     struct str *why)
{
	const struct record *record = facts->record;
	int64_t left_ms = record->stop_deadline_boot_ms - now.boot_ms;

	str_addf(why, "stopping: %s", reason_phrase((enum reason)record->stop_reason));
	if (view->held_by) {
		str_add(why, ", ");
		add_hold(view, why);
	}
	if (view->is_stuck)
		str_add(why, "; killed, but it does not end: it hangs in the kernel");
	else if (record->killed)
		str_add(why, "; killed, not gone yet");
	else if (left_ms > 0) {
		str_add(why, "; KILL in ");
		add_delay(left_ms, why);
	} else {
		str_add(why, "; the next round kills it");
	}
}

/* ---- dead --------------------------------------------------------------------------------- */

static void add_next_try(const struct snapshot_facts *facts, struct clock now, struct str *why)
{
	int64_t left_ms = facts->decision->record.next_start_boot_ms - now.boot_ms;

	if (left_ms > 0) {
		str_add(why, "; next try in ");
		add_delay(left_ms, why);
	} else if (facts->waits_for) {
		str_addf(why, "; waiting for %s", facts->waits_for);
	} else if (facts->decision->action == ACTION_START) {
		str_add(why, "; the next round tries again");
	}
}

static void add_cause(const struct record *record, struct str *why)
{
	if (record->failure[0])
		str_addf(why, ": %s", record->failure);
	else if (record->has_exit) {
		str_add(why, ": ");
		why_add_exit(&record->last_exit, why);
	}
}

static void add_times(const char *what, int64_t count, struct str *why)
{
	if (count > 1)
		str_addf(why, "%s %lld times", what, (long long)count);
	else
		str_addf(why, "%s once", what);
}

static void explain_failing(const struct snapshot_facts *facts,
			    const struct snapshot_instance *view, struct clock now, struct str *why)
{
	const struct record *record = &facts->decision->record;
	const struct worker *worker = facts->instance->worker;

	if (record->failures)
		add_times("failed", record->failures, why);
	else
		add_times("crashed", record->crashes, why);
	add_cause(record, why);
	if (facts->intent == INTENT_FREEZE) {
		str_add(why, "; ");
		add_frozen(facts, why);
	} else if (view->state == STATE_FATAL && worker && worker->options.give_up) {
		str_addf(why, "; given up (give_up), `cronherd start %s` tries again", view->id);
	} else {
		add_next_try(facts, now, why);
	}
}

static void add_next_step(const struct snapshot_facts *facts, const struct snapshot_instance *view,
			  struct str *why)
{
	if (facts->intent == INTENT_FREEZE)
		add_frozen(facts, why);
	else if (!view->is_wanted)
		add_rest(facts, view, why);
	else if (facts->waits_for)
		str_addf(why, "waiting for %s", facts->waits_for);
	else if (facts->decision->action == ACTION_START)
		str_add(why, "the next round starts it");
	else if (facts->instance->worker)
		str_addf(why, "left so by autorestart = %s",
			 facts->instance->worker->options.autorestart == AUTORESTART_NEVER
				 ? "never"
				 : "unexpected");
}

static void explain_exited(const struct snapshot_facts *facts, const struct snapshot_instance *view,
			   struct str *why)
{
	/* Where nothing is decided (a broken file), nothing was folded into the record either. */
	const struct exitinfo *exit =
		facts->intent == INTENT_FREEZE && facts->record->state != STATE_EXITED
			? &facts->seen->exit
			: &view->last_exit;

	why_add_exit(exit, why);
	str_add(why, "; ");
	add_next_step(facts, view, why);
}

static void explain_stopped(const struct snapshot_facts *facts,
			    const struct snapshot_instance *view, struct str *why)
{
	if (view->is_wanted && view->has_exit && view->last_exit_reason == REASON_HOST_REBOOTED)
		str_add(why, "the host was rebooted; ");
	add_next_step(facts, view, why);
}

/* ---- all ---------------------------------------------------------------------------------- */

static void explain_unknown(const struct snapshot *snapshot, const struct snapshot_facts *facts,
			    struct str *why)
{
	str_add(why, "cannot tell: ");
	if (facts->problem[0])
		str_add(why, facts->problem);
	else if (snapshot->foreign)
		str_add(why, "herded from elsewhere");
	else
		str_add(why, facts->seen->why ? facts->seen->why : "not known why");
}

void why_explain(const struct snapshot *snapshot, const struct snapshot_facts *facts,
		 const struct snapshot_instance *view, struct str *why)
{
	struct clock now = snapshot->now;

	if (view->state != STATE_UNKNOWN && facts->problem[0])
		str_addf(why, "%s; ", facts->problem);
	if (view->state != STATE_UNKNOWN && facts->is_busy)
		str_add(why, "another round is at work on it; ");
	switch (view->state) {
	case STATE_RUNNING:
		explain_running(facts, view, why);
		break;
	case STATE_STARTING:
		explain_starting(facts, view, why);
		break;
	case STATE_STOPPING:
		explain_stopping(facts, view, now, why);
		break;
	case STATE_BACKOFF:
	case STATE_FATAL:
		explain_failing(facts, view, now, why);
		break;
	case STATE_EXITED:
		explain_exited(facts, view, why);
		break;
	case STATE_STOPPED:
		explain_stopped(facts, view, why);
		break;
	case STATE_UNKNOWN:
		explain_unknown(snapshot, facts, why);
		break;
	}
}
