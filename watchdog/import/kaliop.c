/* SPDX-License-Identifier: ISC */
/* kaliop: the command is put together as the bundle's WorkerManager does it. */
#include "watchdog/import/kaliop.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/import/shellwords.h"
#include "watchdog/import/superscope.h"
#include "watchdog/import/textfile.h"
#include "watchdog/import/yamltree.h"

/* Parameters refer to parameters: so deeply at most. */
#define REFERENCES_MAX 10
#define TEXT_MAX_LEN   ((size_t)128 * 1024)

static const char *const lists[] = { "kaliop_queueing.default.workers.list",
				     "kaliop_queueing.workers.list" };

struct kaliop {
	struct importer *importer;
	const char *file;
	const struct yamltree *parameters;
	char *console; /* path of Symfony's console */
	char *root;    /* its folder */
};

static struct importer_place place_of(const struct kaliop *kaliop, const struct yamltree *tree)
{
	return (struct importer_place){ kaliop->file, tree ? tree->line : 0 };
}

/* ---- where the console is ----------------------------------------------------------------- */

/* FOLDER, which is taken over, without its last component. */
static char *parent_of(char *folder)
{
	char *slash = strrchr(folder, '/');

	if (slash && slash > folder)
		*slash = '\0';
	return folder;
}

static bool has_last(const char *folder, const char *name)
{
	const char *slash = strrchr(folder, '/');

	return strcmp(slash ? slash + 1 : folder, name) == 0;
}

static bool is_there(const char *folder, const char *name)
{
	char *path = mem_format("%s/%s", folder, name);
	bool is_file = access(path, F_OK) == 0;

	free(path);
	return is_file;
}

/*
 * The bundle calls "console" in the kernel's folder: app/, with app/config/parameters.yml in it.
 * Since Symfony 3 the console is in bin/ beside that.
 */
static void find_console(struct kaliop *kaliop, char *folder)
{
	struct importer_place place = { .file = kaliop->file };

	if (has_last(folder, "config"))
		folder = parent_of(folder);
	kaliop->root = folder;
	kaliop->console = mem_format("%s/console", folder);
	if (is_there(folder, "console"))
		return;
	if (is_there(folder, "bin/console")) {
		free(kaliop->console);
		kaliop->console = mem_format("%s/bin/console", folder);
	} else if (has_last(folder, "app")) {
		char *project = parent_of(mem_dup(folder));

		if (is_there(project, "bin/console")) {
			free(kaliop->console);
			kaliop->console = mem_format("%s/bin/console", project);
		}
		free(project);
	}
	if (access(kaliop->console, F_OK) != 0)
		importer_warn(kaliop->importer, NULL, place,
			      "there is no %s: if the application is elsewhere, mend command and "
			      "directory",
			      kaliop->console);
}

/* ---- values ------------------------------------------------------------------------------- */

static bool is_among(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(*words, text) == 0)
			return true;
	return false;
}

/* TREE as PHP makes a text of it: true is "1", false and nothing are empty. Allocated; NULL: it is
 * no scalar. */
static char *as_text(const struct yamltree *tree)
{
	static const char *const yes[] = { "true", "True", "TRUE", NULL };
	static const char *const no[] = { "false", "False", "FALSE", NULL };

	if (!tree || tree->kind != YAMLTREE_SCALAR)
		return NULL;
	if (tree->is_plain && is_among(tree->text, yes))
		return mem_dup("1");
	if (yamltree_is_nothing(tree) || (tree->is_plain && is_among(tree->text, no)))
		return mem_dup("");
	return mem_dup(tree->text);
}

static char *resolve(struct kaliop *kaliop, const struct yamltree *tree, int depth);

/* The parameter NAME to OUT; false where it is not known, which is said. */
static bool add_parameter(struct kaliop *kaliop, const struct yamltree *where, const char *name,
			  int depth, struct str *out)
{
	const struct yamltree *parameter = yamltree_get(kaliop->parameters, name);
	char *text =
		parameter && depth < REFERENCES_MAX ? resolve(kaliop, parameter, depth + 1) : NULL;

	if (!text) {
		importer_fail(kaliop->importer, place_of(kaliop, where),
			      "%%%s%%: is set nowhere in this file, or leads nowhere", name);
		return false;
	}
	str_add(out, text);
	free(text);
	return out->len <= TEXT_MAX_LEN;
}

/* The text of TREE with "%name%" put in and "%%" as "%". Allocated; NULL: that is said, or it is no
 * scalar. */
static char *resolve(struct kaliop *kaliop, const struct yamltree *tree, int depth)
{
	char *text = as_text(tree);
	struct str out = STR_INIT;
	const char *at = text;
	bool is_right = text != NULL;

	while (is_right && *at) {
		size_t plain = strcspn(at, "%");
		const char *end = at[plain] ? strchr(at + plain + 1, '%') : NULL;

		str_add_n(&out, at, end ? plain : strlen(at));
		if (!end)
			break;
		if (end == at + plain + 1) {
			str_add(&out, "%");
		} else {
			char *name = mem_dup_n(at + plain + 1, (size_t)(end - at) - plain - 1);
			is_right = add_parameter(kaliop, tree, name, depth, &out);
			free(name);
		}
		at = end + 1;
	}
	free(text);
	if (is_right)
		return str_take(&out);
	str_free(&out);
	return NULL;
}

/* ---- workers ------------------------------------------------------------------------------ */

/* "-k=value" for a name of one letter, "--name=value" for others: so it is there. */
static bool add_options(struct kaliop *kaliop, const struct yamltree *options,
			struct strlist *words)
{
	for (size_t i = 0; options && i < options->count; i++) {
		const char *key = options->keys[i];
		char *value = resolve(kaliop, options->items[i], 0);

		if (!value)
			return false;
		strlist_take(words,
			     mem_format("%s%s=%s", strlen(key) == 1 ? "-" : "--", key, value));
		free(value);
	}
	return true;
}

static bool add_words(struct kaliop *kaliop, const char *name, const struct yamltree *definition,
		      struct strlist *words)
{
	const struct yamltree *options = yamltree_get(definition, "options");
	char *queue = resolve(kaliop, yamltree_get(definition, "queue_name"), 0);
	bool is_right = queue && *queue && strcmp(queue, "0") != 0 &&
			(yamltree_is_nothing(options) || options->kind != YAMLTREE_SCALAR);

	if (is_right && options && options->kind == YAMLTREE_LIST && options->count > 0)
		is_right = false;
	strlist_add(words, "php");
	strlist_add(words, kaliop->console);
	strlist_add(words, "kaliop_queueing:consumer");
	strlist_add(words, queue ? queue : "");
	strlist_take(words, mem_format("--label=%s", name));
	strlist_add(words, "-w");
	if (is_right && options && options->kind == YAMLTREE_MAP)
		is_right = add_options(kaliop, options, words);
	free(queue);
	return is_right;
}

/* Symfony's console takes all behind the letter for the value, "=" too. The command is what the bundle makes all the same. */
static void warn_of_letters(struct kaliop *kaliop, struct importer_worker *worker,
			    const struct yamltree *options)
{
	for (size_t i = 0; options && options->kind == YAMLTREE_MAP && i < options->count; i++) {
		const char *key = options->keys[i];
		struct importer_place place = { kaliop->file, options->key_lines[i] };
		char *value;

		if (strlen(key) != 1)
			continue;
		value = resolve(kaliop, options->items[i], 0);
		if (value)
			importer_warn(kaliop->importer, worker, place,
				      "-%s=%s: Symfony's console reads that as \"=%s\", which is 0 where a number is "
				      "wanted, and often no limit at all; mend the command: -%s%s",
				      key, value, value, key, value);
		free(value);
	}
}

static void warn_of_keys(struct kaliop *kaliop, struct importer_worker *worker,
			 const struct yamltree *definition)
{
	for (size_t i = 0; i < definition->count; i++)
		if (strcmp(definition->keys[i], "queue_name") != 0 &&
		    strcmp(definition->keys[i], "options") != 0)
			importer_warn(kaliop->importer, worker,
				      place_of(kaliop, definition->items[i]),
				      "%s: the bundle knows no such key, and passes over it, too",
				      definition->keys[i]);
}

static void import_worker(struct kaliop *kaliop, const char *name,
			  const struct yamltree *definition, struct importer_place place)
{
	struct importer *importer = kaliop->importer;
	struct strlist words = STRLIST_INIT;
	struct importer_worker *worker = NULL;

	if (definition->kind != YAMLTREE_MAP || !add_words(kaliop, name, definition, &words))
		importer_fail(importer, place,
			      "%s is not imported: a worker needs a queue_name, and options must "
			      "be pairs",
			      name);
	else
		worker = importer_add(importer, name, place, name);
	if (worker) {
		char *joined = shellwords_join(&words);
		char *command = importer_literal(joined);
		char *root = importer_literal(kaliop->root);

		(void)importer_set(importer, worker, "command", command, place, "command");
		(void)importer_set(importer, worker, "directory", root, place, "directory");
		warn_of_letters(kaliop, worker, yamltree_get(definition, "options"));
		warn_of_keys(kaliop, worker, definition);
		(void)importer_accept(importer, worker, place); /* it says why */
		free(root);
		free(command);
		free(joined);
	}
	strlist_free(&words);
}

static void import_list(struct kaliop *kaliop, const struct yamltree *list)
{
	if (yamltree_is_nothing(list) || (list->kind == YAMLTREE_LIST && list->count == 0))
		return;
	if (list->kind != YAMLTREE_MAP) {
		importer_fail(kaliop->importer, place_of(kaliop, list),
			      "the list of workers must have a name for each");
		return;
	}
	for (size_t i = 0; i < list->count; i++)
		import_worker(kaliop, list->keys[i], list->items[i],
			      (struct importer_place){ kaliop->file, list->key_lines[i] });
}

static void import_tree(struct kaliop *kaliop, const struct yamltree *tree)
{
	const struct yamltree *imports = yamltree_get(tree, "imports");
	const struct yamltree *list = NULL;

	kaliop->parameters = yamltree_get(tree, "parameters");
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && !list; i++)
		list = yamltree_get(kaliop->parameters, lists[i]);
	if (imports)
		importer_warn(kaliop->importer, NULL, place_of(kaliop, imports),
			      "imports: what it names is not read; import the file that has the "
			      "list of workers");
	if (list)
		import_list(kaliop, list);
	else
		importer_warn(kaliop->importer, NULL,
			      (struct importer_place){ .file = kaliop->file },
			      "has no %s among its parameters", lists[0]);
}

static void import_file(struct importer *importer, const char *file)
{
	struct kaliop kaliop = { .importer = importer, .file = file };
	struct importer_place nowhere = { .file = NULL };
	struct str text = STR_INIT;
	struct err err = ERR_INIT;
	struct yamltree *tree = NULL;
	char *folder = superscope_here(file);

	if (!folder)
		importer_fail(importer, (struct importer_place){ .file = file },
			      "the name of its directory is no text");
	else if (textfile_read(file, &text, &err) != 0 ||
		 !(tree = yamltree_read(file, &text, &err)))
		importer_fail(importer, nowhere, "%s", err.text);
	if (tree) {
		find_console(&kaliop, folder);
		import_tree(&kaliop, tree);
	} else {
		free(folder);
	}
	yamltree_free(tree);
	str_free(&text);
	free(kaliop.console);
	free(kaliop.root);
}

void kaliop_import(struct importer *importer, char *const *files, int count)
{
	for (int i = 0; i < count; i++)
		import_file(importer, files[i]);
}
