/* SPDX-License-Identifier: ISC */
/* doctor's checks of files: configuration, state directory, and what the clock has done to them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/store/spool.h"
#include "watchdog/verbs/doctor.h"

#define YEAR_2024_MS INT64_C(1704067200000)
/* What two clocks on one network may differ by. */
#define CLOCK_SKEW_MS 60000

/* Less, and a round cannot write (BAD); or soon may not (WARN). */
#define SPACE_NEEDED_BYTES (INT64_C(1) << 20)
#define SPACE_WISHED_BYTES (INT64_C(64) << 20)
#define INODES_NEEDED	   16
#define INODES_WISHED	   1000

/* ---- configuration ------------------------------------------------------------------------ */

static size_t count_instances(const struct config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->worker_count; i++)
		count += (size_t)config->workers[i].options.numprocs;
	return count;
}

static void tell_errors(struct doctor *doctor, const struct config *config)
{
	struct str text = STR_INIT;

	config_error_text(config->errors, &text);
	doctor_bad(doctor, "%zu error%s; the first: %s (all of them: `cronherd config`)",
		   config->error_count, config->error_count > 1 ? "s" : "", str_text(&text));
	str_free(&text);
}

void doctor_check_configuration(struct doctor *doctor)
{
	const struct config *config = &doctor->config;

	if (doctor->config_err.kind != ERR_NONE)
		doctor_bad(doctor, "%s", doctor->config_err.text);
	else if (config->error_count)
		tell_errors(doctor, config);
	else if (!config->worker_count)
		doctor_warn(doctor, "no worker is defined: write %s/NAME.conf", config->conf_dir);
	else
		doctor_ok(doctor, "%s: workers: %zu, instances: %zu", config->main_file,
			  config->worker_count, count_instances(config));
}

/* ---- state directory ---------------------------------------------------------------------- */

/* The state directory, or what is there of the way to it. Allocated; NULL where none is known. */
static char *nearest(const struct doctor *doctor)
{
	char *path = mem_dup(doctor->config.state_dir);

	while (path && strcmp(path, "/") != 0 && access(path, F_OK) && errno == ENOENT) {
		char *slash = strrchr(path, '/');

		slash[slash == path] = '\0';
	}
	return path;
}

static bool is_writable(const char *path)
{
	return faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0;
}

/* XDG_STATE_HOME is not set under cron: rounds and people would look at two herds. */
static bool is_moved(const char *path)
{
	const char *xdg = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	char *usual;
	bool is_elsewhere;

	if (geteuid() == 0 || !xdg || *xdg != '/' || strncmp(path, xdg, strlen(xdg)) != 0)
		return false;
	usual = mem_format("%s/.local/state", home ? home : "");
	is_elsewhere = strcmp(xdg, usual) != 0;
	free(usual);
	return is_elsewhere;
}

static void warn_moved(struct doctor *doctor, const char *path)
{
	doctor_warn(doctor, "%s is meant by XDG_STATE_HOME, which cron does not set: set state_dir",
		    path);
}

static void check_missing(struct doctor *doctor, const char *path)
{
	char *above = nearest(doctor);

	if (is_writable(above) && is_moved(path))
		warn_moved(doctor, path);
	else if (is_writable(above))
		doctor_ok(doctor, "%s is not there yet; the first round makes it", path);
	else
		doctor_bad(doctor, "%s is not there and cannot be made in %s (%s): set state_dir",
			   path, above, strerror(errno));
	free(above);
}

static void check_there(struct doctor *doctor, const char *path, const struct stat *st)
{
	if (!S_ISDIR(st->st_mode))
		doctor_bad(doctor, "%s is no directory: remove it, or set state_dir", path);
	else if (st->st_uid != geteuid())
		doctor_bad(
			doctor,
			"%s belongs to uid %u, we are uid %u: run as its owner, or set state_dir",
			path, (unsigned)st->st_uid, (unsigned)geteuid());
	else if (st->st_mode & (S_IWGRP | S_IWOTH))
		doctor_bad(doctor, "%s can be written by others: chmod go-w %s", path, path);
	else if (!is_writable(path))
		doctor_bad(doctor, "%s cannot be written (%s): chmod u+rwx, or set state_dir", path,
			   strerror(errno));
	else if (!doctor_has_herd(doctor) && doctor->config_err.kind == ERR_NONE)
		doctor_bad(doctor, "%s", doctor->herd_err.text);
	else if (is_moved(path))
		warn_moved(doctor, path);
	else
		doctor_ok(doctor, "%s is ours and can be written", path);
}

void doctor_check_state_dir(struct doctor *doctor)
{
	const char *path = doctor->config.state_dir;
	struct stat st;

	if (!path)
		doctor_bad(doctor, "not known, since the configuration cannot be read");
	else if (stat(path, &st) == 0)
		check_there(doctor, path, &st);
	else if (errno == ENOENT)
		check_missing(doctor, path);
	else
		doctor_bad(doctor, "cannot look at %s: %s", path, strerror(errno));
}

static void judge_space(struct doctor *doctor, const char *path, const struct statvfs *fs)
{
	int64_t free_bytes = (int64_t)(fs->f_bavail * fs->f_frsize);
	bool has_inodes = fs->f_files != 0; /* some file systems do not count them */
	char text[UNITS_TEXT_SIZE];

	units_format_size(free_bytes, text);
	if (free_bytes < SPACE_NEEDED_BYTES)
		doctor_bad(doctor, "%s left at %s: no round can write there; make room", text,
			   path);
	else if (has_inodes && fs->f_favail < INODES_NEEDED)
		doctor_bad(doctor, "%ju inodes left at %s: remove files there",
			   (uintmax_t)fs->f_favail, path);
	else if (free_bytes < SPACE_WISHED_BYTES)
		doctor_warn(doctor, "only %s left at %s: make room", text, path);
	else if (has_inodes && fs->f_favail < INODES_WISHED)
		doctor_warn(doctor, "only %ju inodes left at %s: remove files there",
			    (uintmax_t)fs->f_favail, path);
	else
		doctor_ok(doctor, "%s free at %s", text, path);
}

void doctor_check_space(struct doctor *doctor)
{
	char *path = nearest(doctor);
	struct statvfs fs;

	if (!path)
		doctor_warn(doctor, "not known where to look");
	else if (statvfs(path, &fs))
		doctor_warn(doctor, "cannot be told at %s: %s", path, strerror(errno));
	else if (fs.f_flag & ST_RDONLY)
		doctor_bad(doctor, "%s is on a file system that is mounted read-only", path);
	else
		judge_space(doctor, path, &fs);
	free(path);
}

/* Magic numbers of statfs(2) and the kernel's magic.h: those where files come from elsewhere. */
static const char *network_name(uint32_t type)
{
	switch (type) {
	case 0x6969:
		return "NFS";
	case 0xFF534D42:
	case 0xFE534D42:
	case 0x517B:
		return "SMB";
	case 0x5346414F:
		return "AFS";
	case 0x00C36400:
		return "Ceph";
	case 0x01021997:
		return "9P";
	case 0x0BD00BD0:
		return "Lustre";
	case 0x01161970:
		return "GFS2";
	default:
		return NULL;
	}
}

static bool is_memory(uint32_t type)
{
	return type == 0x01021994 || type == 0x858458F6; /* tmpfs, ramfs */
}

void doctor_check_file_system(struct doctor *doctor)
{
	char *path = nearest(doctor);
	struct statfs fs;

	if (!path || statfs(path, &fs)) {
		doctor_warn(doctor, "of the state directory is not known");
	} else if (network_name((uint32_t)fs.f_type)) {
		doctor_warn(doctor,
			    "%s is on %s: locks hold only where its server keeps them, and several "
			    "hosts may share it; set state_dir to a local disk",
			    path, network_name((uint32_t)fs.f_type));
	} else if (is_memory((uint32_t)fs.f_type)) {
		doctor_warn(doctor,
			    "%s is in memory: holds (`cronherd stop`) are lost by a reboot; set "
			    "state_dir to a disk",
			    path);
	} else {
		doctor_ok(doctor, "%s is on a local one", path);
	}
	free(path);
}

/* ---- clock -------------------------------------------------------------------------------- */

struct future {
	size_t count;
	char name[NAME_MAX + 1]; /* one of them */
};

/* A note of when a courier is due, which its time of change says, is meant to be of the future. */
static bool is_due_note(const char *name)
{
	return strcmp(name, SPOOL_OWED) == 0 || strcmp(name, SPOOL_OWED_TAKEN) == 0;
}

static void look_for_future(int dir_fd, int64_t limit_s, struct future *future)
{
	int fd = dir_fd < 0 ? -1 : openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct stat st;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return; /* other checks say what is wrong with it */
	}
	while ((entry = readdir(dir))) {
		if (is_due_note(entry->d_name) ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || st.st_mtime <= limit_s)
			continue;
		future->count++;
		(void)snprintf(future->name, sizeof(future->name), "%s", entry->d_name);
	}
	closedir(dir);
}

void doctor_check_clock(struct doctor *doctor)
{
	const struct statedir *dir = &doctor->herd.scene.dir;
	int64_t limit_s = (doctor->now.wall_ms + CLOCK_SKEW_MS) / 1000;
	struct future future = { .count = 0 };
	char text[CLOCK_RFC3339_SIZE];

	clock_rfc3339(doctor->now.wall_ms, text);
	if (doctor->now.wall_ms < YEAR_2024_MS) {
		doctor_bad(doctor, "it says %s: set it (chronyd, systemd-timesyncd, date -s)",
			   text);
		return;
	}
	if (doctor_has_herd(doctor)) {
		look_for_future(dir->fd, limit_s, &future);
		look_for_future(dir->records_fd, limit_s, &future);
		look_for_future(dir->holds_fd, limit_s, &future);
	}
	if (future.count)
		doctor_warn(doctor,
			    "%zu file%s in %s (%s) from the future, so it was set back: if %s is "
			    "right, "
			    "the next rounds mend it",
			    future.count, future.count > 1 ? "s are" : " is", dir->path,
			    future.name, text);
	else
		doctor_ok(doctor, "%s", text);
}
