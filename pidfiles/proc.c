/* SPDX-License-Identifier: ISC */
/* proc: reading single processes under one proc root. Contract: proc.h. */

#include "pidfiles/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "pidfiles/digits.h"

#define PROC_MAGIC  0x9fa0u
#define PATH_SIZE   64
#define STAT_SIZE   2048 /* 52 fields of at most 20 digits and a comm fit */
#define STATUS_SIZE 4096 /* what is read of it stands before the lines that can be long */

/* Nothing was written: nothing can be lost. */
static void let_go(struct fdspan *span, int fd)
{
	if (span)
		fdspan_add(span, fd);
	else
		(void)close(fd);
}

/* The first SIZE bytes at most, by one read: procfs gives what it has at once. */
static ssize_t read_head(int dirfd, const char *path, struct fdspan *span, char *buf, size_t size)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	ssize_t got;
	do {
		got = read(fd, buf, size);
	} while (got < 0 && errno == EINTR);
	int error = got < 0 ? errno : 0;
	let_go(span, fd);
	return error ? -error : got;
}

/* "PID" and LEAF (with its slash) in TO, of at least PATH_SIZE bytes; LEAF is a short constant. */
static void path_of(char *to, pid_t pid, const char *leaf)
{
	to = digits_put(to, (uint64_t)pid);
	memcpy(to, leaf, strlen(leaf) + 1);
}

static bool name_is_pid(const char *name, pid_t *pid)
{
	const char *end = name + strlen(name);
	uint64_t number;

	if (!digits_take(&name, end, &number) || name != end || number == 0 || number > INT_MAX)
		return false;
	*pid = (pid_t)number;
	return true;
}

/* Whether the root numbers processes as we do: kill(2) and /proc must mean the same ones. */
static bool is_our_numbering(int dirfd)
{
	char self[PATH_SIZE];
	pid_t pid;
	ssize_t len = readlinkat(dirfd, "self", self, sizeof(self) - 1);

	if (len < 0)
		return false;
	self[len] = '\0';
	return name_is_pid(self, &pid) && pid == getpid();
}

int proc_open(struct proc *proc, const char *root, bool verify)
{
	struct statfs fs;
	int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int rc = 0;
	if (verify && fstatfs(fd, &fs) < 0)
		rc = -errno;
	else if (verify && ((uint64_t)fs.f_type != PROC_MAGIC || !is_our_numbering(fd)))
		rc = -ENOTSUP;
	if (rc < 0) {
		(void)close(fd);
		return rc;
	}
	*proc = (struct proc){ .dirfd = fd };
	return 0;
}

void proc_close(struct proc *proc)
{
	if (proc->dirfd >= 0)
		(void)close(proc->dirfd);
	proc->dirfd = -1;
}

static int stat_by_path(int dirfd, const char *path, struct fdspan *span, struct procstat *out)
{
	char text[STAT_SIZE];
	ssize_t len = read_head(dirfd, path, span, text, sizeof(text));

	return len < 0 ? (int)len : procstat_parse(text, (size_t)len, out);
}

int proc_stat(const struct proc *proc, pid_t pid, struct procstat *out)
{
	char path[PATH_SIZE];

	if (pid <= 0)
		return -EINVAL;
	path_of(path, pid, "/stat");
	int rc = stat_by_path(proc->dirfd, path, proc->spent, out);
	return rc == 0 && out->pid != pid ? -EBADMSG : rc;
}

int proc_stat_at(int piddir, struct procstat *out)
{
	return stat_by_path(piddir, "stat", NULL, out);
}

int proc_open_pid(const struct proc *proc, pid_t pid)
{
	char path[PATH_SIZE];

	if (pid <= 0)
		return -EINVAL;
	path_of(path, pid, "");
	int fd = openat(proc->dirfd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The first number of the line "KEY:" of status. KEY stands with its newline before it: the
 * kernel escapes newlines in Name, so no process can forge a line. */
static int status_number(const struct proc *proc, pid_t pid, const char *key, uint64_t *value)
{
	char path[PATH_SIZE];
	char text[STATUS_SIZE];

	if (pid <= 0)
		return -EINVAL;
	path_of(path, pid, "/status");
	ssize_t len = read_head(proc->dirfd, path, proc->spent, text, sizeof(text));
	if (len < 0)
		return (int)len;
	const char *end = text + len;
	const char *at = memmem(text, (size_t)len, key, strlen(key));
	if (!at)
		return -EBADMSG;
	at += strlen(key);
	while (at < end && (*at == '\t' || *at == ' '))
		at++;
	return digits_take(&at, end, value) ? 0 : -EBADMSG;
}

int proc_uid(const struct proc *proc, pid_t pid, uid_t *uid)
{
	uint64_t value;
	int rc = status_number(proc, pid, "\nUid:", &value);

	if (rc == 0 && value > UINT32_MAX)
		rc = -EBADMSG;
	if (rc == 0)
		*uid = (uid_t)value;
	return rc;
}

int proc_tgid(const struct proc *proc, pid_t pid, pid_t *tgid)
{
	uint64_t value;
	int rc = status_number(proc, pid, "\nTgid:", &value);

	if (rc == 0 && value > INT_MAX)
		rc = -EBADMSG;
	if (rc == 0)
		*tgid = (pid_t)value;
	return rc;
}

static DIR *open_dir(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	DIR *dir = fdopendir(fd);
	if (!dir) {
		int error = errno;
		(void)close(fd);
		errno = error;
	}
	return dir;
}

static int open_if_living(int taskfd, const char *tid)
{
	struct procstat stat;
	int fd = openat(taskfd, tid, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (proc_stat_at(fd, &stat) == 0 && stat.state != 'Z' && stat.state != 'X')
		return fd;
	(void)close(fd);
	return -ESRCH;
}

/* The directory of a thread of PID that has not ended, or -ESRCH. The leader may have left. */
static int open_living_thread(const struct proc *proc, pid_t pid)
{
	char path[PATH_SIZE];
	int fd = -ESRCH;
	pid_t tid;

	path_of(path, pid, "/task");
	DIR *tasks = open_dir(proc->dirfd, path);
	if (!tasks)
		return -errno;
	for (const struct dirent *entry = readdir(tasks); fd < 0 && entry; entry = readdir(tasks))
		if (name_is_pid(entry->d_name, &tid))
			fd = open_if_living(dirfd(tasks), entry->d_name);
	(void)closedir(tasks);
	return fd;
}

/* The directory to read PID's memory by: its own, or a thread's where the leader has left. */
static int open_memory_dir(const struct proc *proc, pid_t pid)
{
	struct procstat stat;
	int fd = proc_open_pid(proc, pid);

	if (fd < 0)
		return fd;
	int rc = proc_stat_at(fd, &stat);
	if (rc == 0 && stat.state != 'Z')
		return fd;
	(void)close(fd);
	return rc < 0 ? rc : open_living_thread(proc, pid);
}

/* The second number: resident pages. */
static int statm_pages(int piddir, const char *path, struct fdspan *span, uint64_t *pages)
{
	char text[256];
	uint64_t size;
	ssize_t len = read_head(piddir, path, span, text, sizeof(text));

	if (len < 0)
		return (int)len;
	const char *at = text;
	const char *end = text + len;
	if (!digits_take(&at, end, &size) || at == end || *at++ != ' ' ||
	    !digits_take(&at, end, pages) || at == end)
		return -EBADMSG;
	return 0;
}

int proc_rss_bytes(const struct proc *proc, pid_t pid, int64_t *bytes)
{
	char path[PATH_SIZE];
	uint64_t pages;

	if (pid <= 0)
		return -EINVAL;
	path_of(path, pid, "/statm");
	int rc = statm_pages(proc->dirfd, path, proc->spent, &pages);
	if (rc == 0 && pages == 0) {
		int fd = open_living_thread(proc, pid);
		if (fd >= 0) {
			rc = statm_pages(fd, "statm", NULL, &pages);
			(void)close(fd);
		} else if (fd != -ESRCH) {
			rc = fd;
		}
	}
	if (rc == 0 && __builtin_mul_overflow(pages, (uint64_t)sysconf(_SC_PAGESIZE), bytes))
		rc = -EBADMSG;
	return rc;
}

static FILE *open_file(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	FILE *file = fdopen(fd, "r");
	if (!file) {
		int error = errno;
		(void)close(fd);
		errno = error;
	}
	return file;
}

/* False where the sum is more than there can be. */
static bool add_kib(int64_t *bytes, uint64_t kib)
{
	int64_t more;

	return !__builtin_mul_overflow(kib, 1024, &more) &&
	       !__builtin_add_overflow(*bytes, more, bytes);
}

/* "KEY:   123 kB" */
static bool line_kib(const char *line, size_t len, const char *key, uint64_t *kib)
{
	size_t key_len = strlen(key);

	if (len < key_len || memcmp(line, key, key_len) != 0)
		return false;
	const char *at = line + key_len;
	const char *end = line + len;
	while (at < end && *at == ' ')
		at++;
	return digits_take(&at, end, kib);
}

static int sum_rollup(FILE *file, enum proc_rollup which, int64_t *bytes)
{
	char *line = NULL;
	size_t room = 0;
	uint64_t kib;
	bool found = false;
	bool fits = true;
	ssize_t len;

	*bytes = 0;
	while ((len = getline(&line, &room, file)) >= 0) {
		bool wanted = which == PROC_ROLLUP_PSS
				      ? line_kib(line, (size_t)len, "Pss:", &kib)
				      : line_kib(line, (size_t)len, "Private_Clean:", &kib) ||
						line_kib(line, (size_t)len, "Private_Dirty:", &kib);
		if (wanted)
			fits &= add_kib(bytes, kib);
		found |= wanted;
	}
	int error = feof(file) ? 0 : errno;
	free(line);
	if (error)
		return -error;
	if (!fits)
		return -EBADMSG;
	return found ? 0 : -ESRCH; /* a process without memory left has no such lines */
}

int proc_rollup_bytes(const struct proc *proc, pid_t pid, enum proc_rollup which, int64_t *bytes)
{
	int dir = open_memory_dir(proc, pid);

	if (dir < 0)
		return dir;
	FILE *file = open_file(dir, "smaps_rollup");
	if (!file && errno == ENOENT)
		file = open_file(dir, "smaps");
	int rc = file ? sum_rollup(file, which, bytes) : -errno;
	if (file)
		(void)fclose(file);
	(void)close(dir);
	return rc;
}

/* Looks through the NUL-separated FILE for NAME=…, as getenv(3) does: the first counts. */
static int find_variable(FILE *file, const char *name, char *value, size_t size)
{
	size_t name_len = strlen(name);
	char *entry = NULL;
	size_t room = 0;
	int rc = -ENODATA;
	ssize_t len;

	while (rc == -ENODATA && (len = getdelim(&entry, &room, '\0', file)) >= 0) {
		if ((size_t)len <= name_len || memcmp(entry, name, name_len) != 0 ||
		    entry[name_len] != '=')
			continue;
		const char *text = entry + name_len + 1;
		size_t text_len = strlen(text);
		rc = text_len < size ? 0 : -ENAMETOOLONG;
		if (rc == 0)
			memcpy(value, text, text_len + 1);
	}
	if (rc == -ENODATA && !feof(file))
		rc = -errno;
	free(entry);
	return rc;
}

int proc_getenv(const struct proc *proc, pid_t pid, const char *name, char *value, size_t size)
{
	int dir = open_memory_dir(proc, pid);

	if (dir < 0)
		return dir;
	FILE *file = open_file(dir, "environ");
	int rc = file ? find_variable(file, name, value, size) : -errno;
	if (file)
		(void)fclose(file);
	(void)close(dir);
	return rc;
}

int proc_namespace(const struct proc *proc, pid_t pid, const char *kind, uint64_t *inode)
{
	char path[PATH_SIZE];
	struct stat st;
	int len = pid == 0 ? snprintf(path, sizeof(path), "self/ns/%s", kind)
			   : snprintf(path, sizeof(path), "%d/ns/%s", (int)pid, kind);

	if (pid < 0 || len < 0 || (size_t)len >= sizeof(path))
		return -EINVAL;
	if (fstatat(proc->dirfd, path, &st, 0) < 0)
		return -errno;
	*inode = st.st_ino;
	return 0;
}

static bool is_out_of_sight(int error)
{
	return error == -ENOENT || error == -ESRCH || error == -EACCES || error == -EPERM;
}

int proc_each(const struct proc *proc, int (*each)(const struct procstat *stat, void *data),
	      void *data)
{
	struct procstat stat;
	int rc = 0;
	pid_t pid;
	DIR *dir = open_dir(proc->dirfd, ".");

	if (!dir)
		return -errno;
	while (rc == 0) {
		errno = 0;
		const struct dirent *entry = readdir(dir);
		if (!entry) {
			rc = -errno;
			break;
		}
		if (!name_is_pid(entry->d_name, &pid))
			continue;
		rc = proc_stat(proc, pid, &stat);
		if (rc == 0)
			rc = each(&stat, data);
		else if (is_out_of_sight(rc))
			rc = 0;
	}
	(void)closedir(dir);
	return rc;
}
