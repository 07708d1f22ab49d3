/* SPDX-License-Identifier: ISC */
#include "watchdog/verbs/manual.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/config/account.h"
#include "watchdog/round/converge.h"
#include "watchdog/round/target.h"

int manual_open(struct manual *manual, char *const *targets, int count)
{
	struct err err = ERR_INIT;
	struct herd *herd = &manual->herd;

	if (herd_open(herd, manual->call->config_file, HERD_WRITE, NULL, &manual->call->out, &err))
		return verb_fail(manual->call, &err);
	for (size_t i = 0; i < herd->config.error_count; i++) {
		struct str text = STR_INIT;

		config_error_text(&herd->config.errors[i], &text);
		out_warn(&manual->call->out, "%s", str_text(&text));
		str_free(&text);
	}
	herd->is_manual = true;
	if (target_select(herd, targets, count, &err))
		return verb_fail(manual->call, &err);
	return VERB_DONE;
}

static bool is_gone(const struct slot *slot)
{
	return slot->definition == DEFINITION_EXCESS || slot->definition == DEFINITION_REMOVED;
}

void manual_pass_over_gone(struct manual *manual)
{
	struct herd *herd = &manual->herd;
	bool has_other = false;

	for (size_t i = 0; i < herd->count; i++)
		has_other |= herd->slots[i].is_selected && !is_gone(&herd->slots[i]);
	for (size_t i = 0; i < herd->count; i++)
		herd->slots[i].is_selected &= !has_other || !is_gone(&herd->slots[i]);
}

void manual_close(struct manual *manual)
{
	herd_close(&manual->herd);
}

void manual_explain(const struct slot *slot, struct str *line)
{
	char delay[UNITS_TEXT_SIZE];
	struct clock now = clock_read();

	if (slot->problem[0])
		str_add(line, slot->problem);
	else if (slot->seen.liveness == LIVENESS_UNKNOWN)
		str_addf(line, "cannot tell: %s", slot->seen.why ? slot->seen.why : "not known");
	else if (slot->is_busy)
		str_add(line, "another cronherd is at work on it");
	else if (slot->record.failure[0])
		str_add(line, slot->record.failure);
	else if (!slot->is_ready)
		str_add(line, "waits for what it comes after");
	else if (slot->record.has_exit && slot->record.last_exit.known &&
		 slot->state != STATE_STOPPING && slot->record.last_exit.signal)
		str_addf(line, "ended by signal %d", slot->record.last_exit.signal);
	else if (slot->record.has_exit && slot->record.last_exit.known &&
		 slot->state != STATE_STOPPING)
		str_addf(line, "exited with %d", slot->record.last_exit.code);
	else
		str_addf(line, "is %s", state_name(slot->state));
	if (slot->record.next_start_boot_ms > now.boot_ms &&
	    (slot->state == STATE_BACKOFF || slot->state == STATE_FATAL))
		str_addf(line, "; next try in %s",
			 units_format_duration(slot->record.next_start_boot_ms - now.boot_ms, delay));
}

static bool is_settled(const struct slot *slot, void *data)
{
	const struct manual *manual = data;

	return manual->is_settled(slot);
}

static void show_progress(const struct manual *manual, const struct herd *herd)
{
	size_t settled = 0;
	size_t selected = 0;

	if (!isatty(STDERR_FILENO))
		return;
	for (size_t i = 0; i < herd->count; i++) {
		selected += herd->slots[i].is_selected;
		settled += herd->slots[i].is_selected && manual->is_settled(&herd->slots[i]);
	}
	fprintf(stderr, "\r%s: %zu of %zu\033[K%s", manual->doing, settled, selected,
		settled == selected ? "\r\033[K" : "");
}

static void after_pass(struct herd *herd, void *data)
{
	herd->is_outdated = herd_is_stale(herd);
	show_progress(data, herd);
}

/* The longest that the selected slots may rightfully take. */
static int64_t longest_ms(const struct manual *manual)
{
	int64_t longest = 0;

	for (size_t i = 0; i < manual->herd.count; i++) {
		const struct slot *slot = &manual->herd.slots[i];
		const struct worker *worker = slot->instance.worker;
		int64_t ms = slot->record.stopping.stopwaitsecs_ms;

		if (!slot->is_selected)
			continue;
		if (worker)
			ms = worker->options.startsecs_ms + worker->options.stopwaitsecs_ms;
		/* One after the other, at the worst. */
		longest += ms + 1000;
	}
	return longest;
}

static int tell_all(struct manual *manual)
{
	int status = VERB_DONE;

	for (size_t i = 0; i < manual->herd.count; i++) {
		const struct slot *slot = &manual->herd.slots[i];
		struct str line = STR_INIT;

		if (!slot->is_selected)
			continue;
		if (!manual->tell(slot, &line))
			status = VERB_PARTLY;
		if (slot->problem[0])
			status = VERB_FAILED;
		printf("%s: %s\n", slot->id, str_text(&line));
		str_free(&line);
	}
	return status;
}

int manual_converge(struct manual *manual)
{
	struct convergence convergence = { .is_settled = is_settled,
					   .progress = after_pass,
					   .data = manual,
					   .until_boot_ms = clock_read().boot_ms +
							    longest_ms(manual) +
							    manual->patience_ms };
	char foreign[512];

	(void)converge(&manual->herd, &convergence);
	if (manual->herd.scene.claim == LEASE_FOREIGN) {
		out_error(&manual->call->out, "%s",
			  herd_foreign_text(&manual->herd, foreign, sizeof(foreign)));
		return VERB_PARTLY;
	}
	for (size_t i = 0; i < manual->herd.problems.count; i++)
		out_warn(&manual->call->out, "%s", manual->herd.problems.items[i]);
	return tell_all(manual);
}

char *manual_who(void)
{
	struct account account;
	const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	char *name;

	if (sudo && *sudo)
		return mem_dup(sudo);
	if (account_find(NULL, &account))
		return mem_format("uid %u", (unsigned)getuid());
	name = mem_dup(account.name);
	account_free(&account);
	return name;
}
