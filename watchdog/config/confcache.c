/* SPDX-License-Identifier: ISC */
#include "watchdog/config/confcache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pidfiles/atomfile.h"
#include "watchdog/base/hash.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/nameindex.h"
#include "watchdog/config/paths.h"
#include "watchdog/model/option.h"

#define MAGIC    "cronhrd1"
#define SIZE_MAX_BYTES (INT64_C(256) << 20)

struct header {
	char magic[8];
	uint64_t checksum; /* of everything behind this member */
	uint64_t size;
	uint64_t program; /* the option table's shape */
	uint64_t surroundings;
	uint64_t stamp;
	uint64_t worker_count, group_count;
	uint64_t workers, groups; /* offsets from the start of the file, as all below */
	uint64_t conf_dir, state_dir, pidfile_dir, log_dir;
	uint64_t has_minder;
};

/* ---- what the result depends on ----------------------------------------------------------- */

static uint64_t hash_program(void)
{
	uint64_t hash = hash_text(HASH_INIT, MAGIC);
	uint64_t size = sizeof(struct worker) * 1000003 + sizeof(struct config_group);

	hash = hash_words(hash, &size, 1);
	for (const struct option_spec *option = option_table; option->name; option++) {
		uint64_t facts[] = { option->kind, option->effect, option->offset };

		hash = hash_text(hash, option->name);
		hash = hash_text(hash, option->fallback);
		hash = hash_words(hash, facts, 3);
	}
	return hash;
}

static uint64_t hash_surroundings(const char *main_file)
{
	char host[256] = "";
	uint64_t uid = geteuid();
	uint64_t hash = hash_words(HASH_INIT, &uid, 1);

	(void)gethostname(host, sizeof(host) - 1);
	hash = hash_text(hash, host);
	hash = hash_text(hash, main_file);
	hash = hash_text(hash, getenv("HOME"));
	hash = hash_text(hash, getenv("XDG_CONFIG_HOME"));
	return hash_text(hash, getenv("XDG_STATE_HOME"));
}

/* The buffers are sized in whole words; what is behind the end is zero. */
static uint64_t hash_body(const struct header *header)
{
	size_t skip = offsetof(struct header, size);
	size_t words = (header->size - skip + 7) / 8;

	return hash_words(HASH_INIT, (const uint64_t *)(const void *)((const char *)header + skip),
			  words);
}

/* ---- the members that point --------------------------------------------------------------- */

static bool is_text(const struct option_spec *option)
{
	return option->kind == OPTION_STRING;
}

/* ---- loading ------------------------------------------------------------------------------ */

struct image {
	char *data; /* a struct header at its start */
	uint64_t size;
};

/* *AT holds an offset; it becomes a pointer. False where it leads outside. */
static bool point(const struct image *image, char **at)
{
	uint64_t offset = (uint64_t)(uintptr_t)*at;

	if (offset >= image->size)
		return false;
	*at = offset ? image->data + offset : NULL;
	return true;
}

static bool point_list(const struct image *image, struct strlist *list)
{
	uint64_t offset = (uint64_t)(uintptr_t)list->items;

	if (!offset && !list->count)
		return true;
	if (offset % sizeof(char *) || offset >= image->size ||
	    list->count >= (image->size - offset) / sizeof(char *))
		return false;
	list->items = (char **)(void *)(image->data + offset);
	for (size_t i = 0; i < list->count; i++)
		if (!list->items[i] || !point(image, &list->items[i]))
			return false;
	return list->items[list->count] == NULL;
}

static bool point_worker(const struct image *image, struct worker *worker,
			 const struct option_spec *const *pointing)
{
	if (!point(image, &worker->name) || !point(image, &worker->file) || !worker->name)
		return false;
	for (; *pointing; pointing++) {
		bool is_good = is_text(*pointing)
				       ? point(image, option_string(*pointing, &worker->options))
				       : point_list(image, option_list(*pointing, &worker->options));

		if (!is_good)
			return false;
	}
	return true;
}

/* The options that have pointers, found once instead of for each worker. */
#define POINTING_MAX 64

static void find_pointing(const struct option_spec *pointing[POINTING_MAX])
{
	size_t count = 0;

	for (const struct option_spec *option = option_table; option->name; option++)
		if ((is_text(option) || option->kind == OPTION_LIST) && count + 1 < POINTING_MAX)
			pointing[count++] = option;
	pointing[count] = NULL;
}

static bool is_inside(const struct image *image, uint64_t offset, uint64_t count, size_t each)
{
	return offset % 8 == 0 && offset <= image->size && count <= (image->size - offset) / each;
}

static bool point_all(const struct image *image, struct config *config)
{
	const struct header *header = (const struct header *)(const void *)image->data;
	const struct option_spec *pointing[POINTING_MAX];

	if (!is_inside(image, header->workers, header->worker_count, sizeof(struct worker)) ||
	    !is_inside(image, header->groups, header->group_count, sizeof(struct config_group)))
		return false;
	find_pointing(pointing);
	config->workers = (struct worker *)(void *)(image->data + header->workers);
	config->worker_count = header->worker_count;
	config->groups = (struct config_group *)(void *)(image->data + header->groups);
	config->group_count = header->group_count;
	for (size_t i = 0; i < config->worker_count; i++)
		if (!point_worker(image, &config->workers[i], pointing))
			return false;
	for (size_t i = 0; i < config->group_count; i++)
		if (!point(image, &config->groups[i].name) ||
		    !point(image, &config->groups[i].file) || !config->groups[i].name ||
		    !point_list(image, &config->groups[i].workers))
			return false;
	return true;
}

static bool take_directory(const struct image *image, uint64_t offset, char **path)
{
	char *at = (char *)(uintptr_t)offset;

	if (!offset || !point(image, &at))
		return false;
	*path = mem_dup(at);
	return true;
}

/* Cheap things first: who made it, for whom; then whether it is whole; then whether the files are as they were. */
static bool is_for_us(const struct image *image, const char *main_file)
{
	const struct header *header = (const struct header *)(const void *)image->data;

	return image->size >= sizeof(*header) && header->size == image->size &&
	       memcmp(header->magic, MAGIC, sizeof(header->magic)) == 0 &&
	       header->program == hash_program() &&
	       header->surroundings == hash_surroundings(main_file) &&
	       image->data[image->size - 1] == '\0' && header->checksum == hash_body(header);
}

static bool is_current(const struct image *image, const char *main_file, struct config *config)
{
	const struct header *header = (const struct header *)(const void *)image->data;
	char *conf_dir = (char *)(uintptr_t)header->conf_dir;

	if (!header->conf_dir || !point(image, &conf_dir))
		return false;
	config->stamp = confstamp_of(main_file, conf_dir);
	return config->stamp.hash == header->stamp;
}

static bool take(const struct image *image, struct config *config)
{
	const struct header *header = (const struct header *)(const void *)image->data;
	struct config taken = { .image = image->data,
				.stamp = config->stamp,
				.minder = header->has_minder != 0,
				.main_file = config->main_file };

	if (!point_all(image, &taken) ||
	    !take_directory(image, header->conf_dir, &taken.conf_dir) ||
	    !take_directory(image, header->state_dir, &taken.state_dir) ||
	    !take_directory(image, header->pidfile_dir, &taken.pidfile_dir) ||
	    !take_directory(image, header->log_dir, &taken.log_dir)) {
		free(taken.conf_dir);
		free(taken.state_dir);
		free(taken.pidfile_dir);
		free(taken.log_dir);
		return false;
	}
	*config = taken;
	return true;
}

static void file_name(const char *main_file, char *name, size_t size)
{
	(void)snprintf(name, size, "config-%016" PRIx64, hash_text(HASH_INIT, main_file));
}

/* A cache that somebody else could have written is none. */
static int open_dir(bool make)
{
	char *path = paths_cache_dir();
	struct stat st;
	int fd;

	if (!path)
		return -1;
	if (make)
		for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
			*slash = '\0';
			(void)mkdir(path, geteuid() == 0 ? 0755 : 0700);
			*slash = '/';
		}
	if (make)
		(void)mkdir(path, 0700);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(path);
	if (fd >= 0 && (fstat(fd, &st) || st.st_uid != geteuid() ||
			(st.st_mode & (S_IWGRP | S_IWOTH)))) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool read_whole(int fd, struct image *image)
{
	struct stat st;
	ssize_t got;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) || st.st_size < (off_t)sizeof(struct header) ||
	    st.st_size > SIZE_MAX_BYTES)
		return false;
	image->size = (uint64_t)st.st_size;
	image->data = malloc(image->size + 8);
	if (!image->data)
		return false;
	got = read(fd, image->data, image->size);
	memset(image->data + image->size, 0, 8);
	return got == (ssize_t)image->size;
}

static bool read_image(const char *main_file, struct image *image)
{
	char name[40];
	int dir_fd = open_dir(false);
	bool is_read = false;
	int fd;

	if (dir_fd < 0)
		return false;
	file_name(main_file, name, sizeof(name));
	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		is_read = read_whole(fd, image);
		close(fd);
	}
	close(dir_fd);
	return is_read;
}

bool confcache_load(struct config *config)
{
	struct image image = { .data = NULL };

	if (read_image(config->main_file, &image) && is_for_us(&image, config->main_file) &&
	    is_current(&image, config->main_file, config) && take(&image, config))
		return true;
	free(image.data);
	return false;
}

/* ---- saving ------------------------------------------------------------------------------- */

struct builder {
	struct str blob;
	struct nameindex texts; /* text → offset: most workers share most of theirs */
};

static uint64_t reserve(struct builder *b, size_t size)
{
	static const char zeros[64];
	uint64_t at;

	while (b->blob.len % 8)
		str_add_n(&b->blob, "", 1);
	at = b->blob.len;
	for (size_t left = size; left > 0;) {
		size_t n = left < sizeof(zeros) ? left : sizeof(zeros);

		str_add_n(&b->blob, zeros, n);
		left -= n;
	}
	return at;
}

static uint64_t put_text(struct builder *b, const char *text)
{
	size_t offset;
	size_t len;

	if (!text)
		return 0;
	len = strlen(text);
	if (nameindex_find(&b->texts, text, len, &offset))
		return offset;
	offset = b->blob.len;
	str_add_n(&b->blob, text, len + 1);
	nameindex_put(&b->texts, text, len, offset);
	return offset;
}

static uint64_t put_list(struct builder *b, const struct strlist *list)
{
	uint64_t at = reserve(b, (list->count + 1) * sizeof(char *));

	for (size_t i = 0; i < list->count; i++) {
		uint64_t offset = put_text(b, list->items[i]);

		memcpy(b->blob.data + at + i * sizeof(char *), &offset, sizeof(offset));
	}
	return at;
}

static struct worker flatten_worker(struct builder *b, const struct worker *worker)
{
	struct worker flat = *worker;

	flat.name = (char *)(uintptr_t)put_text(b, worker->name);
	flat.file = (char *)(uintptr_t)put_text(b, worker->file);
	for (const struct option_spec *option = option_table; option->name; option++) {
		if (is_text(option)) {
			char **text = option_string(option, &flat.options);

			*text = (char *)(uintptr_t)put_text(b, *text);
		} else if (option->kind == OPTION_LIST) {
			struct strlist *list = option_list(option, &flat.options);

			list->items = (char **)(uintptr_t)(list->count ? put_list(b, list) : 0);
		}
	}
	return flat;
}

static void put_workers(struct builder *b, const struct config *config, uint64_t at)
{
	for (size_t i = 0; i < config->worker_count; i++) {
		struct worker flat = flatten_worker(b, &config->workers[i]);

		memcpy(b->blob.data + at + i * sizeof(flat), &flat, sizeof(flat));
	}
}

static void put_groups(struct builder *b, const struct config *config, uint64_t at)
{
	for (size_t i = 0; i < config->group_count; i++) {
		struct config_group flat = config->groups[i];

		flat.name = (char *)(uintptr_t)put_text(b, flat.name);
		flat.file = (char *)(uintptr_t)put_text(b, flat.file);
		flat.workers.items = (char **)(uintptr_t)put_list(b, &config->groups[i].workers);
		memcpy(b->blob.data + at + i * sizeof(flat), &flat, sizeof(flat));
	}
}

static void build(struct builder *b, const struct config *config)
{
	struct header header = { .program = hash_program(),
				 .surroundings = hash_surroundings(config->main_file),
				 .stamp = config->stamp.hash,
				 .worker_count = config->worker_count,
				 .group_count = config->group_count,
				 .has_minder = config->minder };

	memcpy(header.magic, MAGIC, sizeof(header.magic));
	(void)reserve(b, sizeof(header));
	header.workers = reserve(b, config->worker_count * sizeof(struct worker));
	header.groups = reserve(b, config->group_count * sizeof(struct config_group));
	put_workers(b, config, header.workers);
	put_groups(b, config, header.groups);
	header.conf_dir = put_text(b, config->conf_dir);
	header.state_dir = put_text(b, config->state_dir);
	header.pidfile_dir = put_text(b, config->pidfile_dir);
	header.log_dir = put_text(b, config->log_dir);
	(void)reserve(b, 8); /* ends in a NUL, on a whole word */
	header.size = b->blob.len;
	memcpy(b->blob.data, &header, sizeof(header));
	header.checksum = hash_body((const struct header *)(const void *)b->blob.data);
	memcpy(b->blob.data, &header, sizeof(header));
}

void confcache_save(const struct config *config)
{
	struct builder builder = { .blob = STR_INIT };
	char name[40];
	int dir_fd = open_dir(true);

	if (dir_fd < 0)
		return;
	build(&builder, config);
	file_name(config->main_file, name, sizeof(name));
	(void)atomfile_write(dir_fd, name, builder.blob.data, builder.blob.len, 0600,
			     ATOMFILE_VOLATILE);
	close(dir_fd);
	str_free(&builder.blob);
	nameindex_free(&builder.texts);
}
