/* SPDX-License-Identifier: ISC */
/*
 * importer: what all importers share: the workers and groups that they find, and what they have to
 * say about them.
 *
 * Nothing that a source says is dropped silently. What cannot be honoured is a warning with its
 * place, and a comment at the worker (or, where it is no worker's, at the head of the text); what
 * cannot be understood is an error, and costs its worker. Names and values are checked as the
 * configuration checks them, so that what is written is accepted by it.
 */
#ifndef WATCHDOG_IMPORT_IMPORTER_H
#define WATCHDOG_IMPORT_IMPORTER_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/base/str.h"
#include "watchdog/config/nameindex.h"
#include "watchdog/model/option.h"

/* Beyond these, messages are only counted. */
#define IMPORTER_MESSAGES_MAX 2000
/* All sources together. */
#define IMPORTER_WORKERS_MAX 10000

/* Where something stands; LINE 0: about the whole file. */
struct importer_place {
	const char *file; /* of the caller, for the call alone */
	int line;
};

enum importer_severity { IMPORTER_WARNING, IMPORTER_ERROR };

struct importer_message {
	enum importer_severity severity;
	char *text; /* "FILE:LINE: …", one line */
};

struct importer_worker {
	char *name;
	char *origin; /* what it was, and where: a line for the head of its section */
	struct worker_options options;
	bool *is_set; /* by row of option_table: the source says so, or its default differs from
			 ours */
	struct strlist comments; /* lines to stand above it */
};

struct importer_group {
	char *name;
	char *origin;
	struct strlist workers;
};

/* Names that were given: once taken, always taken. */
struct importer_names {
	struct strlist list;
	struct nameindex index;
};

struct importer {
	struct importer_worker **workers; /* in the order in which they were found */
	size_t worker_count;
	struct importer_group **groups;
	size_t group_count;
	struct importer_names worker_names; /* private */
	struct importer_names group_names;
	struct strlist notes; /* comments that belong to no worker */
	struct importer_message *messages;
	size_t message_count; /* kept */
	size_t message_seen;
	size_t error_count;
	size_t left_out; /* what ran before, was understood, and still cannot be imported */
};

void importer_init(struct importer *importer);
void importer_free(struct importer *importer);

/*
 * A new worker with every option at its default. WANTED: the name in the source; the worker's is
 * made from it (characters that may not be are replaced, what is taken already gets a number behind
 * it), and that is warned of. ORIGIN: such as
 * "[program:web]". NULL where there are too many, which is then an error of its own.
 */
struct importer_worker *importer_add(struct importer *importer, const char *wanted,
				     struct importer_place place, const char *origin);

/* Takes WORKER out and frees it. */
void importer_drop(struct importer *importer, struct importer_worker *worker);

struct importer_worker *importer_find(const struct importer *importer, const char *name);

/* A group; its name is made as a worker's is. */
struct importer_group *importer_add_group(struct importer *importer, const char *wanted,
					  struct importer_place place, const char *origin);

/* Takes all groups and comments out that have become meaningless: groups without members. */
void importer_finish(struct importer *importer);

/*
 * Sets the option NAME as its text would be in conf.d (text options: with sequences; lists: one
 * item more). FALSE: it was refused, and that is warned of, naming KEY, the setting of the source,
 * and its value there.
 */
bool importer_set(struct importer *importer, struct importer_worker *worker, const char *name,
		  const char *text, struct importer_place place, const char *key);

/* Makes the list NAME an empty one, said by the source. */
void importer_clear(struct importer_worker *worker, const char *name);

/* Back to the default, as if it had never been set. */
void importer_unset(struct importer_worker *worker, const char *name);

bool importer_is_set(const struct importer_worker *worker, const char *name);

/* WORKER may be NULL. */
void importer_warn(struct importer *importer, struct importer_worker *worker,
		   struct importer_place place, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* An error: it is also a comment at the head. */
void importer_fail(struct importer *importer, struct importer_place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* No warning: a comment alone. WORKER may be NULL. */
void importer_note(struct importer *importer, struct importer_worker *worker, const char *format,
		   ...) __attribute__((format(printf, 3, 4)));

/*
 * Whether WORKER is right as a whole: what its options say together. If not, that is an error, and
 * WORKER is gone.
 */
bool importer_accept(struct importer *importer, struct importer_worker *worker,
		     struct importer_place place);

/* TEXT with each % doubled, so that the configuration takes it as it is; allocated. */
char *importer_literal(const char *text);

#endif
