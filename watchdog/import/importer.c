/* SPDX-License-Identifier: ISC */
/* importer: collects; reads and writes nothing. */
#include "watchdog/import/importer.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/utf8.h"
#include "watchdog/import/importname.h"

static size_t row_count(void)
{
	size_t count = 0;

	while (option_table[count].name)
		count++;
	return count;
}

static size_t row_of(const char *name)
{
	const struct option_spec *option = option_find(name);

	return option ? (size_t)(option - option_table) : row_count();
}

void importer_init(struct importer *importer)
{
	*importer = (struct importer){ .workers = NULL };
}

static void free_worker(struct importer_worker *worker)
{
	free(worker->name);
	free(worker->origin);
	options_free(&worker->options);
	free(worker->is_set);
	strlist_free(&worker->comments);
	free(worker);
}

static void free_group(struct importer_group *group)
{
	free(group->name);
	free(group->origin);
	strlist_free(&group->workers);
	free(group);
}

static void free_names(struct importer_names *names)
{
	nameindex_free(&names->index);
	strlist_free(&names->list);
}

void importer_free(struct importer *importer)
{
	for (size_t i = 0; i < importer->worker_count; i++)
		free_worker(importer->workers[i]);
	free(importer->workers);
	for (size_t i = 0; i < importer->group_count; i++)
		free_group(importer->groups[i]);
	free(importer->groups);
	free_names(&importer->worker_names);
	free_names(&importer->group_names);
	strlist_free(&importer->notes);
	for (size_t i = 0; i < importer->message_count; i++)
		free(importer->messages[i].text);
	free(importer->messages);
	importer_init(importer);
}

/* ---- messages ----------------------------------------------------------------------------- */

static void *room_for_one(void *items, size_t count, size_t each)
{
	if ((count & (count - 1)) != 0)
		return items;
	return mem_resize(items, count ? count * 2 : 1, each);
}

/* One line of UTF-8, whatever a source has brought into it. Allocated. */
static char *make_line(struct importer_place place, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static char *make_line(struct importer_place place, const char *format, va_list args)
{
	struct str line = STR_INIT;
	char *text;

	if (place.file && place.line > 0)
		str_addf(&line, "%s:%d: ", place.file, place.line);
	else if (place.file)
		str_addf(&line, "%s: ", place.file);
	str_addv(&line, format, args);
	text = str_take(&line);
	utf8_make_line(text);
	return text;
}

static void add_comment(struct importer *importer, struct importer_worker *worker, char *text)
{
	struct strlist *list = worker ? &worker->comments : &importer->notes;

	if (list->count < IMPORTER_MESSAGES_MAX)
		strlist_take(list, text);
	else
		free(text);
}

static void add_message(struct importer *importer, enum importer_severity severity,
			const char *text)
{
	importer->message_seen++;
	if (severity == IMPORTER_ERROR)
		importer->error_count++;
	if (importer->message_count >= IMPORTER_MESSAGES_MAX)
		return;
	importer->messages = room_for_one(importer->messages, importer->message_count,
					  sizeof(*importer->messages));
	importer->messages[importer->message_count++] =
		(struct importer_message){ .severity = severity, .text = mem_dup(text) };
}

void importer_warn(struct importer *importer, struct importer_worker *worker,
		   struct importer_place place, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = make_line(place, format, args);
	va_end(args);
	add_message(importer, IMPORTER_WARNING, text);
	add_comment(importer, worker, text);
}

void importer_fail(struct importer *importer, struct importer_place place, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = make_line(place, format, args);
	va_end(args);
	add_message(importer, IMPORTER_ERROR, text);
	add_comment(importer, NULL, text);
}

void importer_note(struct importer *importer, struct importer_worker *worker, const char *format,
		   ...)
{
	va_list args;

	va_start(args, format);
	add_comment(importer, worker,
		    make_line((struct importer_place){ .file = NULL }, format, args));
	va_end(args);
}

/* ---- workers and groups ------------------------------------------------------------------- */

struct importer_worker *importer_find(const struct importer *importer, const char *name)
{
	for (size_t i = 0; i < importer->worker_count; i++)
		if (strcmp(importer->workers[i]->name, name) == 0)
			return importer->workers[i];
	return NULL;
}

/* WANTED made fit, and not yet among NAMES, where it is put. Belongs to NAMES. */
static const char *choose_name(struct importer_names *names, const char *wanted)
{
	char *name = importname_fit(wanted);
	size_t number = 1;

	while (nameindex_find(&names->index, name, strlen(name), NULL)) {
		free(name);
		/* Where so many have come to be the same, not all numbers are tried. */
		number += number < 100 ? 1 : names->list.count;
		name = importname_numbered(wanted, (int)number);
	}
	nameindex_put(&names->index, name, strlen(name), names->list.count);
	strlist_take(&names->list, name);
	return name;
}

static char *make_origin(struct importer_place place, const char *origin)
{
	char *text = place.line > 0 ? mem_format("%s:%d: %s", place.file, place.line, origin)
				    : mem_format("%s: %s", place.file, origin);

	utf8_make_line(text);
	return text;
}

struct importer_worker *importer_add(struct importer *importer, const char *wanted,
				     struct importer_place place, const char *origin)
{
	struct importer_worker *worker;

	if (importer->worker_count >= IMPORTER_WORKERS_MAX) {
		importer_fail(importer, place, "%s: more than %d workers", origin,
			      IMPORTER_WORKERS_MAX);
		return NULL;
	}
	worker = mem_alloc(sizeof(*worker));
	worker->name = mem_dup(choose_name(&importer->worker_names, wanted));
	worker->origin = make_origin(place, origin);
	worker->is_set = mem_alloc(row_count() * sizeof(*worker->is_set));
	options_init(&worker->options);
	importer->workers = room_for_one(importer->workers, importer->worker_count,
					 sizeof(struct importer_worker *));
	importer->workers[importer->worker_count++] = worker;
	if (strcmp(worker->name, wanted) != 0)
		importer_warn(importer, worker, place, "'%s' is called %s here%s", wanted,
			      worker->name,
			      worker_name_is_valid(wanted, &(const char *){ NULL })
				      ? ", as there is another of that name"
				      : "");
	return worker;
}

void importer_drop(struct importer *importer, struct importer_worker *worker)
{
	for (size_t i = 0; i < importer->worker_count; i++) {
		if (importer->workers[i] != worker)
			continue;
		importer->worker_count--;
		memmove(&importer->workers[i], &importer->workers[i + 1],
			(importer->worker_count - i) * sizeof(struct importer_worker *));
		break;
	}
	for (size_t i = 0; i < importer->group_count; i++) {
		struct strlist left = STRLIST_INIT;
		struct strlist *members = &importer->groups[i]->workers;

		for (size_t n = 0; n < members->count; n++)
			if (strcmp(members->items[n], worker->name) != 0)
				strlist_add(&left, members->items[n]);
		strlist_free(members);
		*members = left;
	}
	free_worker(worker);
}

struct importer_group *importer_add_group(struct importer *importer, const char *wanted,
					  struct importer_place place, const char *origin)
{
	struct importer_group *group = mem_alloc(sizeof(*group));

	group->name = mem_dup(choose_name(&importer->group_names, wanted));
	group->origin = make_origin(place, origin);
	importer->groups = room_for_one(importer->groups, importer->group_count,
					sizeof(struct importer_group *));
	importer->groups[importer->group_count++] = group;
	if (strcmp(group->name, wanted) != 0)
		importer_warn(importer, NULL, place, "the group '%s' is called @%s here", wanted,
			      group->name);
	return group;
}

void importer_finish(struct importer *importer)
{
	size_t kept = 0;

	for (size_t i = 0; i < importer->group_count; i++) {
		struct importer_group *group = importer->groups[i];

		if (group->workers.count > 0) {
			importer->groups[kept++] = group;
			continue;
		}
		importer_note(importer, NULL, "%s: none of its members is here", group->origin);
		free_group(group);
	}
	importer->group_count = kept;
}

/* ---- options ------------------------------------------------------------------------------ */

bool importer_set(struct importer *importer, struct importer_worker *worker, const char *name,
		  const char *text, struct importer_place place, const char *key)
{
	const struct option_spec *option = option_find(name);
	bool *is_set = &worker->is_set[row_of(name)];
	const char *why;

	/* A list's default is no item to add to. */
	if (option->kind == OPTION_LIST && !*is_set)
		option_clear_list(option, &worker->options);
	why = utf8_is_value(text) ? option_set(option, &worker->options, text)
				  : "has control characters";
	if (!why) {
		*is_set = true;
		return true;
	}
	importer_warn(importer, worker, place, "%s: '%.200s' %s", key, text, why);
	if (option->kind == OPTION_LIST && !*is_set)
		importer_unset(worker, name);
	return false;
}

void importer_clear(struct importer_worker *worker, const char *name)
{
	option_clear_list(option_find(name), &worker->options);
	worker->is_set[row_of(name)] = true;
}

void importer_unset(struct importer_worker *worker, const char *name)
{
	const struct option_spec *option = option_find(name);

	if (option->kind == OPTION_LATER)
		return;
	if (option->kind == OPTION_LIST)
		option_clear_list(option, &worker->options);
	/* NULL unsets what has no default; a default is accepted always. */
	if (option->fallback)
		(void)option_set(option, &worker->options, option->fallback);
	else if (option_is_number(option))
		*option_number(option, &worker->options) = OPTION_NONE;
	else if (option->kind == OPTION_STRING)
		(void)option_set(option, &worker->options, "");
	worker->is_set[row_of(name)] = false;
}

bool importer_is_set(const struct importer_worker *worker, const char *name)
{
	return worker->is_set[row_of(name)];
}

bool importer_accept(struct importer *importer, struct importer_worker *worker,
		     struct importer_place place)
{
	struct worker whole = { .name = worker->name, .options = worker->options };
	char buf[512];
	const char *why = worker_check(&whole, buf, sizeof(buf));

	if (!why)
		return true;
	importer_fail(importer, place, "%s is not imported: %s", worker->name, why);
	importer_drop(importer, worker);
	return false;
}

char *importer_literal(const char *text)
{
	struct str out = STR_INIT;

	for (; *text; text++)
		str_add(&out, *text == '%' ? "%%" : (char[]){ *text, '\0' });
	return str_take(&out);
}
