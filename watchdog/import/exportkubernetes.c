/* SPDX-License-Identifier: ISC */
#include "watchdog/import/exportkubernetes.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/signame.h"
#include "watchdog/import/yamltext.h"

/* Labels and names of containers are no longer. */
#define NAME_MAX_LEN 63

/* The variable that has the number of a pod. */
#define NUMBER "CRONHERD_INSTANCE"

static const char *const known[] = { "command",	       "shell",		"numprocs",
				     "numprocs_start", "enabled",	"directory",
				     "user",	       "environment",	"stopwaitsecs",
				     "memory_max",     "restart_delay", "restart_delay_max",
				     "startsecs",      "startretries",	"stdout_logfile",
				     "stderr_logfile", "log_maxbytes",	"log_backups",
				     "log_mode",       "log_tail",	"killmode",
				     "autorestart",    "exitcodes",	NULL };

struct manifest {
	struct exporter *exporter;
	struct exportworker made;
	char *name;
	bool is_numbered;
	struct str *text;
};

/* ---- names -------------------------------------------------------------------------------- */

/* NAME as what a host may be called. Allocated. */
static char *fit(const char *name, size_t most)
{
	struct str out = STR_INIT;

	for (; *name && out.len < most; name++) {
		char byte = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name;
		bool is_fit = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');

		if (is_fit)
			str_add_n(&out, &byte, 1);
		else if (out.len > 0 && out.data[out.len - 1] != '-')
			str_add(&out, "-");
	}
	while (out.len > 0 && out.data[out.len - 1] == '-')
		out.data[--out.len] = '\0';
	if (out.len == 0)
		str_add(&out, "worker");
	/* A StatefulSet's pods are named after it, and a Service may not begin with a digit. */
	if (str_text(&out)[0] >= '0' && str_text(&out)[0] <= '9') {
		char *digits = str_take(&out);
		str_addf(&out, "w-%s", digits);
		free(digits);
	}
	return str_take(&out);
}

/* One that no other worker has. TAKEN: those given. */
static char *choose_name(const char *wanted, struct strlist *taken)
{
	/* Room for a number behind it, and for what StatefulSets put behind theirs. */
	char *name = fit(wanted, NAME_MAX_LEN - 15);

	for (int number = 2; strlist_has(taken, name); number++) {
		char *base = fit(wanted, NAME_MAX_LEN - 15);
		free(name);
		name = mem_format("%s-%d", base, number);
		free(base);
	}
	strlist_add(taken, name);
	return name;
}

/* ---- values ------------------------------------------------------------------------------- */

/* TEXT as Kubernetes expands it: "$(NAME)" is a variable, "$$" a "$". Allocated. */
static char *expandable(const char *text)
{
	struct str out = STR_INIT;

	for (size_t len; *text; text += len) {
		int width = exportworker_mark(text);

		len = width >= 0 ? EXPORTWORKER_MARK_LEN : 1;
		if (width >= 0)
			str_add(&out, "$(" NUMBER ")");
		else
			str_add_n(&out, *text == '$' ? "$$" : text, *text == '$' ? 2 : 1);
	}
	return str_take(&out);
}

static bool has_padding(const char *text)
{
	for (; text && *text; text++)
		if (exportworker_mark(text) > 1)
			return true;
	return false;
}

static void warn_of_padding(struct manifest *manifest)
{
	const struct exportworker *made = &manifest->made;
	bool is_padded = false;

	for (size_t i = 0; i < made->argv.count; i++)
		is_padded = is_padded || has_padding(made->argv.items[i]);
	for (size_t i = 0; i < made->environment.count; i++)
		is_padded = is_padded || has_padding(made->environment.items[i]);
	if (is_padded)
		exporter_warn(manifest->exporter, made->worker,
			      "%%02i: the number of a pod has no zeros in front");
}

static void add_variable(struct manifest *manifest, const char *item)
{
	size_t len = strcspn(item, "=");
	char *name = mem_dup_n(item, len);
	char *value = expandable(item + len + 1);

	/* A mapping as an item: its first key stands on the line of the dash. */
	str_add(manifest->text, "          - ");
	yamltext_text(manifest->text, 0, "name", name);
	yamltext_text(manifest->text, 6, "value", value);
	free(name);
	free(value);
}

static bool is_set_in(const struct strlist *items, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < items->count; i++)
		if (strncmp(items->items[i], name, len) == 0 && items->items[i][len] == '=')
			return true;
	return false;
}

/* Of what all workers have, an image has its own; but a home and a language are ours to say. */
static void add_environment(struct manifest *manifest)
{
	const struct exportworker *made = &manifest->made;

	yamltext_key(manifest->text, 5, "env");
	if (manifest->is_numbered) {
		str_add(manifest->text, "          - name: \"" NUMBER "\"\n");
		yamltext_key(manifest->text, 6, "valueFrom");
		yamltext_key(manifest->text, 7, "fieldRef");
		yamltext_text(manifest->text, 8, "fieldPath",
			      "metadata.labels['apps.kubernetes.io/pod-index']");
	}
	for (size_t i = 0; i < made->environment.count; i++)
		add_variable(manifest, made->environment.items[i]);
	if (!is_set_in(&made->environment, "LANG"))
		add_variable(manifest, "LANG=C.UTF-8");
}

static void add_list(struct manifest *manifest, const char *key, size_t first, size_t behind)
{
	yamltext_key(manifest->text, 5, key);
	for (size_t i = first; i < behind; i++) {
		char *item = expandable(manifest->made.argv.items[i]);

		yamltext_item(manifest->text, 5, item);
		free(item);
	}
}

static void add_container(struct manifest *manifest)
{
	const struct worker_options *options = &manifest->made.worker->options;
	const struct strlist *argv = &manifest->made.argv;

	yamltext_key(manifest->text, 3, "containers");
	str_add(manifest->text, "        # The image that has the program.\n");
	str_addf(manifest->text, "        - name: \"%s\"\n", manifest->name);
	yamltext_text(manifest->text, 5, "image", "IMAGE");
	add_list(manifest, "command", 0, 1);
	if (argv->count > 1)
		add_list(manifest, "args", 1, argv->count);
	if (!strchr(manifest->made.directory, EXPORTWORKER_MARK))
		yamltext_text(manifest->text, 5, "workingDir", manifest->made.directory);
	else
		exporter_warn(manifest->exporter, manifest->made.worker,
			      "directory: a pod's cannot have its number in it: it is left out");
	add_environment(manifest);
	if (options->memory_max_bytes != OPTION_NONE) {
		char *bytes = mem_format("%lld", (long long)options->memory_max_bytes);

		yamltext_key(manifest->text, 5, "resources");
		yamltext_key(manifest->text, 6, "limits");
		yamltext_text(manifest->text, 7, "memory", bytes);
		free(bytes);
	}
	if (options->user) {
		yamltext_key(manifest->text, 5, "securityContext");
		yamltext_number(manifest->text, 6, "runAsUser", manifest->made.account.uid);
		yamltext_number(manifest->text, 6, "runAsGroup", manifest->made.account.gid);
	}
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void add_labels(struct manifest *manifest, int depth)
{
	yamltext_text(manifest->text, depth, "app.kubernetes.io/name", manifest->name);
}

static void add_metadata(struct manifest *manifest)
{
	yamltext_key(manifest->text, 0, "metadata");
	yamltext_text(manifest->text, 1, "name", manifest->name);
	yamltext_key(manifest->text, 1, "labels");
	add_labels(manifest, 2);
}

static void add_spec(struct manifest *manifest)
{
	const struct worker_options *options = &manifest->made.worker->options;

	yamltext_key(manifest->text, 0, "spec");
	yamltext_number(manifest->text, 1, "replicas", options->enabled ? options->numprocs : 0);
	if (manifest->is_numbered) {
		yamltext_text(manifest->text, 1, "serviceName", manifest->name);
		yamltext_text(manifest->text, 1, "podManagementPolicy", "Parallel");
		yamltext_key(manifest->text, 1, "ordinals");
		yamltext_number(manifest->text, 2, "start", options->numprocs_start);
	}
	yamltext_key(manifest->text, 1, "selector");
	yamltext_key(manifest->text, 2, "matchLabels");
	add_labels(manifest, 3);
	yamltext_key(manifest->text, 1, "template");
	yamltext_key(manifest->text, 2, "metadata");
	yamltext_key(manifest->text, 3, "labels");
	add_labels(manifest, 4);
	yamltext_key(manifest->text, 2, "spec");
	yamltext_number(manifest->text, 3, "terminationGracePeriodSeconds",
			options->stopwaitsecs_ms / 1000 + (options->stopwaitsecs_ms % 1000 > 0));
	add_container(manifest);
}

static void warn_of_differences(struct manifest *manifest)
{
	const struct worker *worker = manifest->made.worker;
	const struct worker_options *options = &worker->options;

	warn_of_padding(manifest);
	if (options->autorestart != AUTORESTART_ALWAYS)
		exporter_warn(manifest->exporter, worker,
			      "autorestart: pods of a Deployment are started again whatever they "
			      "end with");
	if (!options->enabled)
		exporter_warn(manifest->exporter, worker, "enabled = false: it is replicas: 0");
	exporter_warn_of_others(manifest->exporter, worker, known, "Kubernetes");
}

static void add_manifest(struct exporter *exporter, const struct worker *worker,
			 struct strlist *taken)
{
	struct manifest manifest = { .exporter = exporter };
	char *file;

	if (!exporter_make(exporter, worker, &manifest.made))
		return;
	manifest.name = choose_name(worker->name, taken);
	/* Logs are no files there, so that their names do not count. */
	for (size_t i = 0; i < manifest.made.argv.count; i++)
		manifest.is_numbered |=
			strchr(manifest.made.argv.items[i], EXPORTWORKER_MARK) != NULL;
	for (size_t i = 0; i < manifest.made.environment.count; i++)
		manifest.is_numbered |=
			strchr(manifest.made.environment.items[i], EXPORTWORKER_MARK) != NULL;
	file = mem_format("%s.yaml", manifest.name);
	manifest.text = filetree_add(&exporter->tree, file);
	str_add(manifest.text, "# Made by cronherd export kubernetes. Replace IMAGE. What is "
			       "logged goes to standard output there.\n");
	yamltext_text(manifest.text, 0, "apiVersion", "apps/v1");
	yamltext_text(manifest.text, 0, "kind",
		      manifest.is_numbered ? "StatefulSet" : "Deployment");
	add_metadata(&manifest);
	add_spec(&manifest);
	warn_of_differences(&manifest);
	free(file);
	free(manifest.name);
	exportworker_free(&manifest.made);
}

void exportkubernetes(struct exporter *exporter)
{
	struct strlist taken = STRLIST_INIT;

	for (size_t i = 0; i < exporter->config->worker_count; i++)
		if (exporter->is_selected[i])
			add_manifest(exporter, &exporter->config->workers[i], &taken);
	strlist_free(&taken);
}
