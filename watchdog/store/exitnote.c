/* SPDX-License-Identifier: ISC */
#include "watchdog/store/exitnote.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pidfiles/atomfile.h"
#include "watchdog/base/dirnames.h"
#include "watchdog/base/mem.h"

#define NAME_SIZE 48
#define TEXT_SIZE 256

static const char *name_of(pid_t pid, uint64_t start_ticks, char buf[NAME_SIZE])
{
	(void)snprintf(buf, NAME_SIZE, "%d-%" PRIu64, (int)pid, start_ticks);
	return buf;
}

struct exitinfo exitnote_from_status(int status)
{
	struct exitinfo info = EXITINFO_INIT;

	info.known = true;
	if (WIFSIGNALED(status))
		info.signal = WTERMSIG(status);
	else
		info.code = WEXITSTATUS(status);
	return info;
}

int exitnote_expect(int exits_fd, pid_t pid, uint64_t start_ticks, const char *id)
{
	char name[NAME_SIZE];

	name_of(pid, start_ticks, name);
	if (symlinkat(id, exits_fd, name) == 0)
		return 0;
	/* Of an earlier process with that pid and tick, which is gone. */
	if (errno != EEXIST || (unlinkat(exits_fd, name, 0) && errno != ENOENT) ||
	    symlinkat(id, exits_fd, name))
		return -errno;
	return 0;
}

int exitnote_whose(int exits_fd, pid_t pid, uint64_t start_ticks, char *id, size_t size)
{
	char name[NAME_SIZE];
	ssize_t len = readlinkat(exits_fd, name_of(pid, start_ticks, name), id, size - 1);

	if (len < 0)
		return -errno;
	id[len] = '\0';
	return 0;
}

int exitnote_write(int exits_fd, pid_t pid, uint64_t start_ticks, const char *id, int status,
		   const struct exitinfo *info)
{
	char name[NAME_SIZE];
	char text[TEXT_SIZE];
	int len = snprintf(text, sizeof(text),
			   "cronherd-exit 1 %d %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\nid %.*s\n",
			   status, info->boot_ms, info->wall_ms, info->peak_rss_bytes, info->cpu_ms,
			   INSTANCE_ID_SIZE, id);

	return atomfile_write(exits_fd, name_of(pid, start_ticks, name), text, (size_t)len, 0600,
			      ATOMFILE_VOLATILE);
}

void exitnote_read(int exits_fd, pid_t pid, uint64_t start_ticks, struct exitinfo *info)
{
	char name[NAME_SIZE];
	char text[TEXT_SIZE];
	struct exitinfo read = EXITINFO_INIT;
	int status;
	char end;

	*info = (struct exitinfo)EXITINFO_INIT;
	if (exits_fd < 0 ||
	    atomfile_read(exits_fd, name_of(pid, start_ticks, name), text, sizeof(text)) < 0)
		return;
	if (sscanf(text, "cronherd-exit 1 %d %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 "%c",
		   &status, &read.boot_ms, &read.wall_ms, &read.peak_rss_bytes, &read.cpu_ms,
		   &end) != 6 || end != '\n')
		return;
	*info = exitnote_from_status(status);
	info->boot_ms = read.boot_ms;
	info->wall_ms = read.wall_ms;
	info->peak_rss_bytes = read.peak_rss_bytes;
	info->cpu_ms = read.cpu_ms;
}

void exitnote_remove(int exits_fd, pid_t pid, uint64_t start_ticks)
{
	char name[NAME_SIZE];

	/* What stays is swept a day later. */
	(void)unlinkat(exits_fd, name_of(pid, start_ticks, name), 0);
}

static void sweep(int exits_fd, bool everything, int64_t max_age_s)
{
	struct dirnames names;
	const char *name;
	time_t now = time(NULL);

	dirnames_begin(&names, exits_fd);
	while ((name = dirnames_next(&names))) {
		struct stat st;

		/* Most are links, of those that live: not worth a look each. */
		if ((!everything && names.type == DT_LNK) || fstatat(exits_fd, name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if ((everything && !S_ISDIR(st.st_mode)) ||
		    (S_ISREG(st.st_mode) && now - st.st_mtime > max_age_s))
			(void)unlinkat(exits_fd, name, 0);
	}
}

void exitnote_sweep(int exits_fd, int64_t max_age_s)
{
	sweep(exits_fd, false, max_age_s);
}

void exitnote_clear(int exits_fd)
{
	sweep(exits_fd, true, 0);
}

/* ---- all of them -------------------------------------------------------------------------- */

static bool parse_name(const char *name, struct exitnotes_item *item)
{
	char canonical[NAME_SIZE];

	return sscanf(name, "%d-%" SCNu64, &item->pid, &item->start_ticks) == 2 && item->pid > 0 &&
	       strcmp(name_of(item->pid, item->start_ticks, canonical), name) == 0;
}

/* Of a link or, behind the line that exitnote_read reads, of a note. */
static bool read_id(int exits_fd, struct exitnotes_item *item)
{
	char name[NAME_SIZE];
	char text[TEXT_SIZE];
	const char *line;

	if (exitnote_whose(exits_fd, item->pid, item->start_ticks, item->id, sizeof(item->id)) == 0)
		return true;
	if (atomfile_read(exits_fd, name_of(item->pid, item->start_ticks, name), text, sizeof(text)) < 0)
		return false;
	line = strstr(text, "\nid ");
	if (!line || strlen(line + 4) > sizeof(item->id))
		return false;
	(void)snprintf(item->id, sizeof(item->id), "%.*s", (int)strcspn(line + 4, "\n"), line + 4);
	return true;
}

static void add(struct exitnotes *notes, const struct exitnotes_item *item)
{
	if ((notes->count & (notes->count - 1)) == 0) /* full at each power of two */
		notes->items = mem_resize(notes->items, notes->count ? notes->count * 2 : 1, sizeof(*item));
	notes->items[notes->count++] = *item;
}

void exitnotes_read(struct exitnotes *notes, int exits_fd)
{
	struct dirnames names;
	const char *name;

	if (notes->is_read || exits_fd < 0)
		return;
	notes->is_read = true;
	dirnames_begin(&names, exits_fd);
	while ((name = dirnames_next(&names))) {
		struct exitnotes_item item;

		if (parse_name(name, &item) && read_id(exits_fd, &item))
			add(notes, &item);
	}
}

void exitnotes_free(struct exitnotes *notes)
{
	free(notes->items);
	*notes = (struct exitnotes)EXITNOTES_INIT;
}

const struct exitnotes_item *exitnotes_latest(const struct exitnotes *notes, const char *id,
					      uint64_t after_ticks)
{
	const struct exitnotes_item *latest = NULL;

	for (size_t i = 0; i < notes->count; i++) {
		const struct exitnotes_item *item = &notes->items[i];

		if (item->start_ticks > after_ticks && strcmp(item->id, id) == 0 &&
		    (!latest || item->start_ticks > latest->start_ticks))
			latest = item;
	}
	return latest;
}
