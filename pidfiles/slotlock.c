/* SPDX-License-Identifier: ISC */
/* slotlock: one lock an instance, all in one file. Contract: slotlock.h. */

#include "pidfiles/slotlock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(off_t) == 8, "slot offsets need 64 bits: build with large file support");

#define OFFSET_MASK ((UINT64_C(1) << 62) - 1)

/* FNV-1a (Fowler, Noll, Vo): every release must find the same byte for the same id. */
static off_t offset_of(const char *id)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *id; id++)
		hash = (hash ^ (unsigned char)*id) * UINT64_C(0x100000001b3);
	return (off_t)(hash & OFFSET_MASK);
}

int slotlock_open(struct slotlock *lock, int dirfd, const char *name)
{
	struct stat st;
	int fd = openat(dirfd, name,
			O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);

	if (fd < 0)
		return -errno;
	int rc = fstat(fd, &st) < 0 ? -errno : 0;
	if (rc == 0 && !S_ISREG(st.st_mode))
		rc = -EPERM;
	if (rc < 0) {
		(void)close(fd);
		return rc;
	}
	lock->fd = fd;
	lock->ofd = 1;
	return 0;
}

void slotlock_close(struct slotlock *lock)
{
	if (lock->fd >= 0)
		(void)close(lock->fd); /* nothing was written; the locks go with it */
	lock->fd = -1;
}

static int set_lock(struct slotlock *lock, const char *id, short type)
{
	/* l_pid must be 0 for open-file-description locks */
	struct flock range = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = offset_of(id), .l_len = 1
	};

	if (lock->ofd) {
		if (fcntl(lock->fd, F_OFD_SETLK, &range) == 0)
			return 0;
		if (errno != EINVAL)
			return -errno;
		lock->ofd = 0;
	}
	return fcntl(lock->fd, F_SETLK, &range) == 0 ? 0 : -errno;
}

int slotlock_try(struct slotlock *lock, const char *id)
{
	int rc = set_lock(lock, id, F_WRLCK);

	return rc == -EACCES ? -EAGAIN : rc;
}

bool slotlock_is_taken(const struct slotlock *lock, const char *id)
{
	struct flock range = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset_of(id), .l_len = 1
	};
	int rc = fcntl(lock->fd, lock->ofd ? F_OFD_GETLK : F_GETLK, &range);

	/* Nobody may have taken one yet, and so learnt that this kernel has no such locks. */
	if (rc < 0 && lock->ofd && errno == EINVAL)
		rc = fcntl(lock->fd, F_GETLK, &range);
	return rc == 0 && range.l_type != F_UNLCK;
}

bool slotlock_is_shared(const struct slotlock *lock)
{
	return lock->ofd;
}

void slotlock_release(struct slotlock *lock, const char *id)
{
	(void)set_lock(lock, id, F_UNLCK); /* it can fail only where there is no lock */
}
