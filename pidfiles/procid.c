/* SPDX-License-Identifier: ISC */
/* procid: which process, beyond its number. Contract: procid.h. */

#include "pidfiles/procid.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "pidfiles/procref.h"

#define BOOT_LENGTH 36

bool procid_is_boot_id(const char *text, size_t len)
{
	if (len != BOOT_LENGTH)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
		if (dash ? text[i] != '-' : !hex)
			return false;
	}
	return true;
}

static int read_boot_id(const struct proc *proc, char *boot_id)
{
	char text[BOOT_LENGTH + 1];
	int fd = openat(proc->dirfd, "sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	ssize_t len = read(fd, text, sizeof(text));
	int error = len < 0 ? errno : 0;
	(void)close(fd); /* nothing was written: nothing can be lost */
	if (error)
		return -error;
	if (len != sizeof(text) || text[BOOT_LENGTH] != '\n' ||
	    !procid_is_boot_id(text, BOOT_LENGTH))
		return -EBADMSG;
	memcpy(boot_id, text, BOOT_LENGTH);
	boot_id[BOOT_LENGTH] = '\0';
	return 0;
}

static int read_namespace(const struct proc *proc, const char *kind, uint64_t *inode)
{
	int rc = proc_namespace(proc, 0, kind, inode);

	if (rc == -ENOENT) {
		*inode = 0;
		return 0;
	}
	return rc;
}

int procid_host_read(const struct proc *proc, struct procid_host *host)
{
	int rc = read_boot_id(proc, host->boot_id);

	if (rc == 0)
		rc = read_namespace(proc, "pid", &host->pid_namespace);
	if (rc == 0)
		rc = read_namespace(proc, "time", &host->time_namespace);
	return rc;
}

/* Whether the kernel itself says that no process has the number. */
static bool is_proven_absent(pid_t pid)
{
	return kill(pid, 0) < 0 && errno == ESRCH;
}

/* The stat of PID as long as it lives, and leads its thread group. */
static int stat_living(const struct proc *proc, pid_t pid, bool pinned, struct procstat *stat)
{
	pid_t tgid;
	int rc = proc_stat(proc, pid, stat);

	/* No pidfd can be had of a mere thread: one that is pinned leads. */
	if (rc == 0 && !pinned) {
		rc = proc_tgid(proc, pid, &tgid);
		if (rc == 0 && tgid != pid)
			return -ESRCH;
	}
	if (rc < 0)
		return is_proven_absent(pid) ? -ESRCH : rc;
	return procstat_has_ended(stat) ? -ESRCH : 0;
}

int procid_of(const struct proc *proc, const struct procid_host *host, pid_t pid, struct procid *id)
{
	struct procstat stat;

	if (pid <= 0)
		return -EINVAL;
	int pidfd = procref_pidfd_open(pid);
	if (pidfd == -ESRCH)
		return -ESRCH;
	int rc = stat_living(proc, pid, pidfd >= 0, &stat);
	uint64_t inode = 0;
	if (pidfd >= 0) {
		inode = procref_pidfd_inode(pidfd);
		/* Still there after its stat was read: so that was its own. */
		if (rc == 0 && procref_pidfd_ended(pidfd))
			rc = -ESRCH;
		(void)close(pidfd);
	}
	if (rc < 0)
		return rc;
	*id = (struct procid){ .pid = pid,
			       .pid_namespace = host->pid_namespace,
			       .time_namespace = host->time_namespace,
			       .start_ticks = stat.start_ticks,
			       .pidfd_inode = inode };
	memcpy(id->boot_id, host->boot_id, sizeof(id->boot_id));
	return 0;
}

enum procid_verdict procid_compare(const struct procid *id, const struct procstat *stat)
{
	if (procstat_is_kernel_thread(stat))
		return PROCID_OTHER;
	if (id->start_ticks == 0)
		return PROCID_UNKNOWN;
	if (id->start_ticks != stat->start_ticks)
		return PROCID_OTHER;
	return procstat_has_ended(stat) ? PROCID_GONE : PROCID_SAME;
}

enum procid_verdict procid_place(const struct procid *id, const struct procid_host *host)
{
	if (id->pid <= 0 || id->boot_id[0] == '\0' || host->boot_id[0] == '\0')
		return PROCID_UNKNOWN;
	if (strcmp(id->boot_id, host->boot_id) != 0)
		return PROCID_GONE;
	if (id->pid_namespace != host->pid_namespace || id->time_namespace != host->time_namespace)
		return PROCID_UNKNOWN;
	return PROCID_SAME;
}

/* What can be said of ID's number now: by stat, or by the kernel where stat is hidden. */
static enum procid_verdict look_once(const struct proc *proc, const struct procid *id,
				     struct procstat *stat)
{
	if (proc_stat(proc, id->pid, stat) == 0)
		return procid_compare(id, stat);
	if (is_proven_absent(id->pid)) {
		stat->pid = 0;
		return PROCID_GONE;
	}
	/* The number may have been taken anew between the two calls. */
	if (proc_stat(proc, id->pid, stat) == 0)
		return procid_compare(id, stat);
	stat->pid = 0;
	return PROCID_UNKNOWN;
}

enum procid_verdict procid_look(const struct proc *proc, const struct procid_host *host,
				const struct procid *id, struct procstat *stat)
{
	struct procstat own = { .pid = 0 };
	struct procstat *seen = stat ? stat : &own;
	enum procid_verdict place = procid_place(id, host);

	seen->pid = 0;
	if (place != PROCID_SAME)
		return place;
	enum procid_verdict verdict = look_once(proc, id, seen);
	/*
	 * A thread that executes a program takes the number over from its leader. Who reads the
	 * leader's stat at that moment sees the end of a process that lives: death is seen twice.
	 */
	if (verdict == PROCID_GONE && seen->pid != 0)
		verdict = look_once(proc, id, seen);
	return verdict;
}
