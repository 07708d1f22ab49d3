/* SPDX-License-Identifier: ISC */
#include "watchdog/courier/inbox.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/base/dirnames.h"
#include "watchdog/base/hash.h"
#include "watchdog/store/beatfile.h"
#include "watchdog/store/spool.h"

static uint64_t fingerprint(int dir_fd, const char *name)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return 1;
	const uint64_t facts[] = { (uint64_t)st.st_ino, (uint64_t)st.st_size,
				   (uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec };
	return hash_bytes(hash_text(HASH_INIT, name), facts, sizeof(facts));
}

/* A sum: the order of a directory means nothing. */
static int look(int state_fd, uint64_t *sum)
{
	int fd = openat(state_fd, SPOOL_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirnames names;
	const char *name;
	int count = 0;

	*sum = 1;
	if (fd < 0)
		return 0;
	dirnames_begin(&names, fd);
	while ((name = dirnames_next(&names)))
		if (name[0] != '.') {
			*sum += fingerprint(fd, name);
			count++;
		}
	close(fd);
	return count;
}

int inbox_count(int state_fd)
{
	uint64_t sum;

	return look(state_fd, &sum);
}

static bool is_other(uint64_t *known, uint64_t now)
{
	bool is_other = *known != now;

	*known = now;
	return is_other;
}

bool inbox_has_spooled(struct inbox *inbox, int state_fd)
{
	uint64_t sum;
	bool has_any = look(state_fd, &sum) > 0;

	return is_other(&inbox->spool, sum) && has_any;
}

bool inbox_has_beat(struct inbox *inbox, int state_fd)
{
	return is_other(&inbox->beat, fingerprint(state_fd, BEATFILE_NAME));
}
