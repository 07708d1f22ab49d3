/* SPDX-License-Identifier: ISC */
/* config: puts the files together, and what must hold between them; parses nothing itself. */
#include "watchdog/config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/base/clock.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/confcache.h"
#include "watchdog/config/confimage.h"
#include "watchdog/config/confcheck.h"
#include "watchdog/config/confd.h"
#include "watchdog/config/conferrors.h"
#include "watchdog/config/confparse.h"
#include "watchdog/config/confpath.h"
#include "watchdog/config/confload.h"
#include "watchdog/config/confreuse.h"
#include "watchdog/config/conftell.h"
#include "watchdog/config/paths.h"
#include "watchdog/model/option.h"

/* ---- the main file -------------------------------------------------------- */

/* PATH from the working directory on. */
static char *make_absolute(const char *path, struct err *err)
{
	if (path[0] == '/')
		return mem_dup(path);

	char *here = getcwd(NULL, 0);
	if (!here) {
		(void)err_set(err, ERR_SYSTEM, errno, "working directory unknown, cannot find '%s'",
			      path);
		return NULL;
	}
	char *absolute = mem_format("%s/%s", strcmp(here, "/") == 0 ? "" : here, path);
	free(here);
	return absolute;
}

static int find_main(struct config *config, const char *main_file, struct err *err)
{
	if (!main_file)
		main_file = getenv("CRONHERD_CONFIG");
	config->main_file = main_file && main_file[0] != '\0' ? make_absolute(main_file, err)
							      : paths_main_file(err);
	return config->main_file ? 0 : -1;
}

void config_error_text(const struct config_error *error, struct str *text)
{
	str_add(text, error->file);
	if (error->line > 0)
		str_addf(text, ":%d", error->line);
	str_addf(text, ": %s", error->message);
}

static int first_error(const struct config *config, struct err *err)
{
	struct str text = STR_INIT;

	config_error_text(&config->errors[0], &text);
	(void)err_set(err, ERR_CONFIG, 0, "%s", str_text(&text));
	str_free(&text);
	return -1;
}

/* What was found in the main file after it was parsed; it is the first of FILES then. */
static int fail_main(struct confload *load, int line, const char *message, struct err *err)
{
	confload_error(load, load->config->main_file, line, message);
	load->files[0].broken = true;
	load->config->main_broken = true;
	return first_error(load->config, err);
}

static void parse_main(struct confload *load, struct str *text, mode_t mode)
{
	struct config *config = load->config;
	struct confparse parse;
	struct worker_options base;

	options_init(&base);
	confparse(&parse, text, config->main_file, NULL, &base);
	options_free(&base);
	config->main_broken = confparse_is_broken(&parse);
	config->minder = parse.minder;
	config->history_ms = parse.history_ms;
	for (size_t i = 0; i < CONFPARSE_TOP_COUNT; i++) {
		load->top[i] = parse.top[i];
		parse.top[i].text = NULL;
	}
	options_free(&load->defaults);
	load->defaults = parse.defaults;
	memset(&parse.defaults, 0, sizeof(parse.defaults));
	confload_take(load, config->main_file, &parse, mode, 0);
	confparse_free(&parse);
}

static int read_main(struct confload *load, struct err *err)
{
	struct str text = STR_INIT;
	struct err why = ERR_INIT;
	mode_t mode = 0;

	switch (confd_read_main(load->config->main_file, &text, &mode, &why)) {
	case CONFD_MISSING:
		return 0;
	case CONFD_FAILED:
		confload_unread(load, load->config->main_file, why.text);
		load->config->main_broken = true;
		return first_error(load->config, err);
	case CONFD_FOUND:
		break;
	}
	load->has_main = true;
	parse_main(load, &text, mode);
	str_free(&text);
	return load->config->main_broken ? first_error(load->config, err) : 0;
}

/* ---- directories ---------------------------------------------------------- */

/* The directory WHICH of the main file to *PATH, left alone where the file names none. */
static int set_directory(struct confload *load, enum confparse_top which, char **path, struct err *err)
{
	const struct confparse_value *top = &load->top[which];
	struct err why = ERR_INIT;

	if (!top->text)
		return 0;
	*path = confpath_expand(load->config, top->text, &why);
	return *path ? 0 : fail_main(load, top->line, why.text, err);
}

/* The file WHICH that rounds write to *PATH. An error in it costs nothing else. */
static void set_file(struct confload *load, enum confparse_top which, char **path)
{
	const struct config *config = load->config;
	const struct confparse_value *top = &load->top[which];
	struct err why = ERR_INIT;

	if (!top->text)
		return;
	*path = confpath_expand(config, top->text, &why);
	if (!*path)
		confload_error(load, config->main_file, top->line, why.text);
}

static int set_directories(struct confload *load, struct err *err)
{
	struct config *config = load->config;

	if (set_directory(load, CONFPARSE_CONF_DIR, &config->conf_dir, err) != 0 ||
	    set_directory(load, CONFPARSE_STATE_DIR, &config->state_dir, err) != 0 ||
	    set_directory(load, CONFPARSE_PIDFILE_DIR, &config->pidfile_dir, err) != 0 ||
	    set_directory(load, CONFPARSE_LOG_DIR, &config->log_dir, err) != 0)
		return -1;
	if (!config->conf_dir) {
		char *folder = confpath_folder(config->main_file);
		config->conf_dir = mem_format("%s/conf.d", strcmp(folder, "/") == 0 ? "" : folder);
		free(folder);
	}
	if (!config->state_dir)
		config->state_dir = paths_state_dir(err);
	if (!config->state_dir)
		return -1;
	if (!config->pidfile_dir)
		config->pidfile_dir = paths_pidfile_dir(config->state_dir);
	if (!config->log_dir)
		config->log_dir = paths_log_dir(config->state_dir);
	set_file(load, CONFPARSE_METRICS_FILE, &config->metrics_file);
	set_file(load, CONFPARSE_STATUS_PAGE, &config->status_page);
	return 0;
}

/* ---- conf.d --------------------------------------------------------------- */

static void parse_conf(struct confload *load, const struct confd *confd, const char *name, const char *path,
		       uint64_t stamp)
{
	struct str text = STR_INIT;
	struct err why = ERR_INIT;
	struct confparse parse;
	mode_t mode = 0;

	switch (confd_read(confd, name, path, &text, &mode, &why)) {
	case CONFD_MISSING: /* gone since it was listed */
		break;
	case CONFD_FAILED:
		confload_unread(load, path, why.text);
		break;
	case CONFD_FOUND:
		confparse(&parse, &text, path, load->config->main_file, &load->defaults);
		confload_take(load, path, &parse, mode, stamp);
		confparse_free(&parse);
		str_free(&text);
		break;
	}
}

static void read_conf(struct confload *load, const struct confd *confd, const char *name, const struct confreuse *reuse)
{
	struct config *config = load->config;
	char *path = mem_format("%s/%s", config->conf_dir, name);
	/* Before it is read: what changes meanwhile must show. */
	uint64_t stamp = confstamp_add_at(&config->stamp, confd->fd, name);
	const struct config_file *same = confreuse_find(reuse, path, stamp);

	if (same)
		confload_copy(load, reuse->before, same);
	else
		parse_conf(load, confd, name, path, stamp);
	free(path);
}

/* No conf.d: fine only where the main file has the workers. */
static int do_without_conf_dir(struct confload *load, struct err *err)
{
	const struct config *config = load->config;
	const struct confparse_value *named = &load->top[CONFPARSE_CONF_DIR];

	if (named->text) {
		char *message =
			mem_format("conf_dir '%s' does not exist; create it", config->conf_dir);
		int rc = fail_main(load, named->line, message, err);
		free(message);
		return rc;
	}
	if (config->worker_count > 0)
		return 0;
	if (load->has_main)
		return err_set(err, ERR_CONFIG, 0,
			       "nothing to keep: %s has no worker section and %s does not exist; "
			       "create it, for files such as mail.conf in it",
			       config->main_file, config->conf_dir);
	return err_set(err, ERR_CONFIG, 0,
		       "no configuration: create %s, or %s with a file such as mail.conf in it",
		       config->main_file, config->conf_dir);
}

static int read_conf_dir(struct confload *load, const struct config *before, struct err *err)
{
	struct config *config = load->config;
	struct confreuse reuse;
	struct confd confd;
	struct err why = ERR_INIT;

	confstamp_add(&config->stamp, config->conf_dir);
	switch (confd_open(&confd, config->conf_dir, &why)) {
	case CONFD_MISSING:
		return do_without_conf_dir(load, err);
	case CONFD_FAILED:
		confload_unread(load, config->conf_dir, why.text);
		return err_set(err, ERR_CONFIG, 0, "%s: %s", config->conf_dir, why.text);
	case CONFD_FOUND:
		break;
	}
	confreuse_begin(&reuse, before, &load->defaults);
	for (size_t i = 0; i < confd.names.count; i++)
		read_conf(load, &confd, confd.names.items[i], &reuse);
	confreuse_end(&reuse);
	confd_close(&confd);
	return 0;
}

/* ---- settling ------------------------------------------------------------- */

static void free_group(struct config_group *group)
{
	free(group->name);
	free(group->file);
	strlist_free(&group->workers);
}

static void drop_worker(struct config *config, struct worker *worker)
{
	strlist_add(&config->broken_workers, worker->name);
	worker_free(worker);
}

/* Takes the workers and groups of broken files out. */
static void drop_broken(struct confload *load)
{
	struct config *config = load->config;
	size_t workers = 0;
	size_t groups = 0;

	for (size_t f = 0; f < load->file_count; f++) {
		const struct conffile *file = &load->files[f];
		if (file->broken)
			strlist_add(&config->broken_files, file->path);
		if (file->broken && !file->complete)
			config->broken_unread = true;
		for (size_t i = 0; i < file->worker_count; i++) {
			struct worker *worker = &config->workers[file->first_worker + i];
			if (file->broken)
				drop_worker(config, worker);
			else
				config->workers[workers++] = *worker;
		}
		for (size_t i = 0; i < file->group_count; i++) {
			struct config_group *group = &config->groups[file->first_group + i];
			if (file->broken)
				free_group(group);
			else
				config->groups[groups++] = *group;
		}
	}
	config->worker_count = workers;
	config->group_count = groups;
}

void config_index(struct config *config)
{
	if (config->worker_index.count || config->group_index.count)
		return;
	for (size_t i = 0; i < config->worker_count; i++) {
		const char *name = config->workers[i].name;
		nameindex_put(&config->worker_index, name, strlen(name), i);
	}
	for (size_t i = 0; i < config->group_count; i++) {
		const char *name = config->groups[i].name;
		nameindex_put(&config->group_index, name, strlen(name), i);
	}
}

/* What must hold between files. */
static void check_all(struct confload *load)
{
	struct config *config = load->config;
	struct conferrors errors = CONFERRORS_INIT;

	confcheck(&(struct confcheck){ config, load->files, load->file_count, load->sections, load->section_count },
		  &errors);
	conftell_check(config, load->sections, load->section_count, &errors);
	conferrors_finish(&errors);
	confload_errors(load, &errors);
	conferrors_free(&errors);
}

/* CONFIG's stamp is that of each file from just before it was read. */
static int read_all(struct confload *load, const struct config *before, struct err *err)
{
	int rc;

	confstamp_add(&load->config->stamp, load->config->main_file);
	rc = read_main(load, err);
	if (rc == 0)
		rc = set_directories(load, err);
	if (rc == 0)
		rc = read_conf_dir(load, before, err);
	if (rc == 0)
		check_all(load);
	drop_broken(load);
	conftell_take(load->config, load->sections, load->section_count);
	return rc;
}

/* Whether it may be compiled: it was read at BEGAN_WALL_MS. */
static bool is_cacheable(const struct config *config, int64_t began_wall_ms)
{
	struct confstamp told = conftell_stamp(config);

	return config->error_count == 0 && confstamp_is_settled(&config->stamp, began_wall_ms) &&
	       confstamp_is_settled(&told, began_wall_ms);
}

static int load_anew(struct config *config, const struct config *before, struct err *err)
{
	struct confload load = { .config = config };
	int64_t began_wall_ms = clock_read().wall_ms;
	int rc;

	config->stamp = (struct confstamp){ .hash = 0 };
	options_init(&load.defaults);
	rc = read_all(&load, before, err);
	config_index(config);
	config->is_cacheable = rc == 0 && is_cacheable(config, began_wall_ms);
	if (rc == 0 && config->error_count == 0)
		confload_keep_files(&load);
	confload_free(&load);
	return rc;
}

int config_load(struct config *config, const char *main_file, struct err *err)
{
	struct config before;
	int rc;

	*config = (struct config){ .minder = true };
	if (find_main(config, main_file, err) != 0)
		return -1;
	if (confcache_load(config, &before))
		return 0;
	rc = load_anew(config, &before, err);
	config_free(&before);
	return rc;
}

static void free_definitions(struct config *config)
{
	struct confimage image = { .data = config->image, .size = config->image_size };

	if (image.data) {
		confimage_free(&image);
		return;
	}
	for (size_t i = 0; i < config->worker_count; i++)
		worker_free(&config->workers[i]);
	free(config->workers);
	for (size_t i = 0; i < config->group_count; i++)
		free_group(&config->groups[i]);
	free(config->groups);
	for (size_t i = 0; i < config->webhook_count; i++)
		webhook_free(&config->webhooks[i]);
	free(config->webhooks);
	for (size_t i = 0; i < config->ping_count; i++)
		ping_free(&config->pings[i]);
	free(config->pings);
	for (size_t i = 0; i < config->file_count; i++)
		free(config->files[i].path);
	free(config->files);
}

void config_free(struct config *config)
{
	free_definitions(config);
	for (size_t i = 0; i < config->error_count; i++) {
		free(config->errors[i].file);
		free(config->errors[i].message);
	}
	free(config->errors);
	strlist_free(&config->broken_files);
	strlist_free(&config->broken_workers);
	strlist_free(&config->broken_webhooks);
	nameindex_free(&config->worker_index);
	nameindex_free(&config->group_index);
	free(config->main_file);
	free(config->conf_dir);
	free(config->state_dir);
	free(config->pidfile_dir);
	free(config->log_dir);
	free(config->metrics_file);
	free(config->status_page);
	*config = (struct config){ .main_file = NULL };
}

const struct worker *config_worker(const struct config *config, const char *name)
{
	size_t at;

	if (config->worker_index.count)
		return nameindex_find(&config->worker_index, name, strlen(name), &at)
			       ? &config->workers[at]
			       : NULL;
	for (at = 0; at < config->worker_count; at++)
		if (strcmp(config->workers[at].name, name) == 0)
			return &config->workers[at];
	return NULL;
}

const struct config_group *config_group(const struct config *config, const char *name)
{
	size_t at;

	if (config->group_index.count)
		return nameindex_find(&config->group_index, name, strlen(name), &at)
			       ? &config->groups[at]
			       : NULL;
	for (at = 0; at < config->group_count; at++)
		if (strcmp(config->groups[at].name, name) == 0)
			return &config->groups[at];
	return NULL;
}
