/* SPDX-License-Identifier: ISC */
/*
 * option: tables of options, and what is generic about them.
 *
 * Configuration, defaults, `config --json`, the definition hash and the compiled
 * configuration all walk such a table. The workers' is here; webhooks' and pings' are in
 * model/webhook.h and model/ping.h. Functions take any struct of options by an untyped
 * pointer: it must be the one that the row's table is of.
 */
#ifndef WATCHDOG_MODEL_OPTION_H
#define WATCHDOG_MODEL_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watchdog/model/worker.h"

#define OPTION_NONE INT64_MIN /* a number that is not set */

/* No duration is longer: so long that nobody means more, so short that sums with a clock never overflow. */
#define OPTION_CENTURY_MS (INT64_C(36525) * 24 * 60 * 60 * 1000)

enum option_kind {
	OPTION_BOOL,
	OPTION_INT,
	OPTION_OCTAL,    /* a mode: "022" */
	OPTION_DURATION, /* member in ms */
	OPTION_SIZE,     /* member in bytes */
	OPTION_SIGNAL,
	OPTION_ENUM,
	OPTION_STRING,
	OPTION_LIST,
	OPTION_LATER /* known by name, not yet available: refused with a clear message */
};

enum option_effect {
	OPTION_POLICY, /* a change takes effect without a restart */
	OPTION_PROCESS /* shapes the process: a change makes a running one outdated */
};

/* What may be shown of a value to who has not the right to read the file. */
enum option_privacy {
	OPTION_OPEN,
	OPTION_URL,     /* scheme and host */
	OPTION_HEADERS, /* their names */
	OPTION_SECRET   /* nothing */
};

struct option_spec {
	const char *name;
	enum option_kind kind;
	enum option_effect effect;
	enum option_privacy privacy;
	size_t offset;             /* in the table's struct */
	const char *fallback;      /* default as one would write it; NULL: none; lists: one item */
	const char *const *names;  /* OPTION_ENUM: values in the enum's order, NULL-terminated; else words that
				      one is likely to have meant, or NULL */
	int64_t min, max;          /* numbers: in the member's unit */
	const char *expects;       /* what option_set says of a value that it refuses */
	const char *(*check)(const char *item); /* strings, items of lists: NULL, or why not (static); may be NULL */
};

/* The workers' table, in the order of INTERFACE.md; ends with a NULL name, as every table. Rows of
 * OPTION_LATER have no member: who walks a table passes over them. */
extern const struct option_spec option_table[];

const struct option_spec *option_find_in(const struct option_spec *table, const char *name);
const struct option_spec *option_find(const char *name); /* a worker's */

/* The option whose name is nearest to NAME (base/nearest.h), or NULL. EXTRA: further known names
 * (NULL-terminated), may be NULL. */
const char *option_nearest_in(const struct option_spec *table, const char *name,
			      const char *const *extra);
const char *option_nearest(const char *name, const char *const *extra); /* a worker's */

/*
 * Parses TEXT as OPTION's value into its member of OPTIONS, freeing what stood there; for a
 * list adds one item. Where an option has no default, "none" (numbers) or an empty text
 * (strings) unsets it. Returns NULL, or why not (static text, to stand behind the option's name
 * and value: "must be …"), OPTIONS unchanged.
 */
const char *option_set(const struct option_spec *option, void *options, const char *text);

/* Empties a list member (a file sets the whole list: clear, then set each item). */
void option_clear_list(const struct option_spec *option, void *options);

void options_init_in(const struct option_spec *table, void *options); /* every option at its default */
void options_free_in(const struct option_spec *table, void *options);

void options_init(struct worker_options *options); /* a worker's: */
void options_copy(struct worker_options *to, const struct worker_options *from); /* TO: not yet set */
void options_free(struct worker_options *options);

/* Typed access to OPTION's member; which of the three, its kind says. */
int64_t *option_number(const struct option_spec *option, const void *options);
char **option_string(const struct option_spec *option, const void *options);
struct strlist *option_list(const struct option_spec *option, const void *options);

/* Whether an option of that kind is kept as a number. */
bool option_is_number(const struct option_spec *option);

/* What an option that is kept as a number can be: MIN to MAX, or OPTION_NONE where it may be unset. */
struct option_bounds {
	int64_t min, max;
	bool may_be_unset;
};

/* Of OPTION, which is kept as a number. */
struct option_bounds option_bounds(const struct option_spec *option);

/* Hash over the name and value of all options of effect OPTION_PROCESS that are set: those that
 * are not are left out, so that an option which a new version brings makes nothing outdated. */
uint64_t options_definition(const struct worker_options *options);
uint64_t options_hash(const struct worker_options *options); /* likewise over all options */

#endif
