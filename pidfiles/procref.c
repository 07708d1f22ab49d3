/* SPDX-License-Identifier: ISC */
/* procref: a process held fast while it is verified and acted upon. Contract: procref.h. */

#include "pidfiles/procref.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PIDFS_MAGIC 0x50494446u

int procref_pidfd_open(pid_t pid)
{
#ifdef SYS_pidfd_open
	long fd = syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by definition */

	return fd < 0 ? -errno : (int)fd;
#else
	(void)pid;
	return -ENOSYS;
#endif
}

static int pidfd_send(int pidfd, int sig)
{
#ifdef SYS_pidfd_send_signal
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0 ? -errno : 0;
#else
	(void)pidfd;
	(void)sig;
	return -ENOSYS;
#endif
}

uint64_t procref_pidfd_inode(int pidfd)
{
	struct statfs fs;
	struct stat st;

	/* Before pidfs all pidfds share the one inode of anonymous files. */
	if (fstatfs(pidfd, &fs) < 0 || (uint64_t)fs.f_type != PIDFS_MAGIC || fstat(pidfd, &st) < 0)
		return 0;
	return st.st_ino;
}

bool procref_pidfd_ended(int pidfd)
{
	struct pollfd entry = { .fd = pidfd, .events = POLLIN };
	int ready;

	do {
		ready = poll(&entry, 1, 0);
	} while (ready < 0 && errno == EINTR);
	return ready > 0 && (entry.revents & (POLLIN | POLLHUP)) != 0;
}

int procref_pollfd(const struct procref *ref)
{
	return ref->pidfd;
}

void procref_close(struct procref *ref)
{
	if (ref->pidfd >= 0)
		(void)close(ref->pidfd);
	if (ref->dirfd >= 0)
		(void)close(ref->dirfd);
	*ref = (struct procref)PROCREF_INIT;
}

/* With REF->pidfd open: whether the process behind it is ID's. */
static enum procid_verdict verify_pidfd(const struct procref *ref, const struct proc *proc,
					const struct procid_host *host)
{
	uint64_t inode = ref->id.pidfd_inode ? procref_pidfd_inode(ref->pidfd) : 0;

	if (inode != 0 && inode != ref->id.pidfd_inode)
		return PROCID_OTHER;
	enum procid_verdict verdict = procid_look(proc, host, &ref->id, NULL);
	/* Where /proc hides it, the inode is proof enough: no two processes of a boot share one. */
	if (verdict == PROCID_UNKNOWN && inode != 0)
		verdict = PROCID_SAME;
	/* Only if the pinned process is there still, what was read was its own. */
	if (verdict == PROCID_SAME && procref_pidfd_ended(ref->pidfd))
		verdict = PROCID_GONE;
	return verdict;
}

/* What stat says, read through the open directory, which never leads to a later process. */
static enum procid_verdict ask_dir(const struct procref *ref)
{
	struct procstat stat;
	int rc = proc_stat_at(ref->dirfd, &stat);

	if (rc == 0)
		return procid_compare(&ref->id, &stat);
	if (rc == -ESRCH || (kill(ref->id.pid, 0) < 0 && errno == ESRCH))
		return PROCID_GONE;
	return PROCID_UNKNOWN;
}

/* Without pidfds: pins by the directory, then verifies; a thread's number opens one too. */
static enum procid_verdict open_dir(struct procref *ref, const struct proc *proc,
				    const struct procid_host *host)
{
	pid_t tgid;

	ref->dirfd = proc_open_pid(proc, ref->id.pid);
	if (ref->dirfd < 0) {
		ref->dirfd = -1;
		/* Hidden or gone: the look knows. What it sees as living now cannot be held. */
		enum procid_verdict verdict = procid_look(proc, host, &ref->id, NULL);
		return verdict == PROCID_SAME ? PROCID_UNKNOWN : verdict;
	}
	int rc = proc_tgid(proc, ref->id.pid, &tgid);
	if (rc == 0 && tgid != ref->id.pid)
		return PROCID_OTHER;
	enum procid_verdict verdict = ask_dir(ref);
	return rc < 0 && verdict == PROCID_SAME ? PROCID_UNKNOWN : verdict;
}

enum procid_verdict procref_open(struct procref *ref, const struct proc *proc,
				 const struct procid_host *host, const struct procid *id)
{
	enum procid_verdict verdict = procid_place(id, host);

	*ref = (struct procref)PROCREF_INIT;
	if (verdict != PROCID_SAME)
		return verdict;
	int pidfd = procref_pidfd_open(id->pid);
	if (pidfd == -ESRCH)
		return PROCID_GONE;
	ref->id = *id;
	if (pidfd >= 0) {
		ref->pidfd = pidfd;
		verdict = verify_pidfd(ref, proc, host);
	} else {
		verdict = open_dir(ref, proc, host);
	}
	if (verdict != PROCID_SAME)
		procref_close(ref);
	return verdict;
}

enum procid_verdict procref_ask(const struct procref *ref, const struct proc *proc)
{
	(void)proc;
	if (ref->pidfd >= 0)
		return procref_pidfd_ended(ref->pidfd) ? PROCID_GONE : PROCID_SAME;
	return ref->dirfd >= 0 ? ask_dir(ref) : PROCID_UNKNOWN;
}

/* EPERM has two meanings: not permitted, or a seccomp filter. To ourselves it has only the last. */
static bool is_filtered(void)
{
	int self = procref_pidfd_open(getpid());

	if (self < 0)
		return true;
	int rc = pidfd_send(self, 0);
	(void)close(self);
	return rc < 0;
}

static int signal_by_number(const struct procref *ref, const struct proc *proc, int sig)
{
	switch (procref_ask(ref, proc)) {
	case PROCID_SAME:
		return kill(ref->id.pid, sig) < 0 ? -errno : 0;
	case PROCID_GONE:
	case PROCID_OTHER:
		return -ESRCH;
	case PROCID_UNKNOWN:
		break;
	}
	return -EAGAIN;
}

int procref_signal(const struct procref *ref, const struct proc *proc, int sig)
{
	if (ref->pidfd < 0)
		return signal_by_number(ref, proc, sig);
	if (procref_pidfd_ended(ref->pidfd))
		return -ESRCH;
	int rc = pidfd_send(ref->pidfd, sig);
	if (rc == -ENOSYS || (rc == -EPERM && is_filtered()))
		rc = signal_by_number(ref, proc, sig);
	return rc;
}
