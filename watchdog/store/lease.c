/* SPDX-License-Identifier: ISC */
#include "watchdog/store/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pidfiles/atomfile.h"

#define FILE_NAME "lease"
#define HEADER    "cronherd-lease 1\n"
#define LEASE_SIZE 512

#define MINUTE_MS INT64_C(60000)
/* How far an access time stands in the future while there has been no round. */
#define NO_ROUND_MS (60 * 24 * MINUTE_MS)
/* More apart than that no rounds are: it is garbage, and not known. */
#define INTERVAL_MAX_MS (366 * 24 * 60 * MINUTE_MS)
/* Where nobody has seen two rounds yet: the rarest cron that hosts offer. */
#define INTERVAL_UNKNOWN_MS (60 * MINUTE_MS)

struct lease lease_of(const struct procid_host *place)
{
	struct lease ours = { .place = *place };

	if (gethostname(ours.host, sizeof(ours.host) - 1))
		ours.host[0] = '\0';
	for (char *at = ours.host; *at; at++)
		if (*at <= ' ')
			*at = '_';
	return ours;
}

static int parse(char *text, struct lease *lease)
{
	char *save;

	if (strncmp(text, HEADER, sizeof(HEADER) - 1) != 0)
		return -EBADMSG;
	for (char *line = strtok_r(text + sizeof(HEADER) - 1, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		(void)(sscanf(line, "host %64s", lease->host) == 1 ||
		       sscanf(line, "boot %39s", lease->place.boot_id) == 1 ||
		       sscanf(line, "pidns %" SCNu64, &lease->place.pid_namespace) == 1 ||
		       sscanf(line, "timens %" SCNu64, &lease->place.time_namespace) == 1 ||
		       sscanf(line, "interval_ms %" SCNd64, &lease->interval_ms) == 1);
	}
	if (lease->interval_ms < 0 || lease->interval_ms > INTERVAL_MAX_MS)
		lease->interval_ms = 0;
	return lease->place.boot_id[0] ? 0 : -EBADMSG;
}

static int64_t to_ms(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int lease_read(const struct statedir *dir, struct lease *lease)
{
	char text[LEASE_SIZE];
	struct stat st;
	ssize_t len;

	*lease = (struct lease){ 0 };
	if (dir->fd < 0)
		return -ENOENT;
	/* Times first: reading may move the access time. */
	if (fstatat(dir->fd, FILE_NAME, &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	len = atomfile_read(dir->fd, FILE_NAME, text, sizeof(text));
	if (len < 0)
		return (int)len;
	lease->life_wall_ms = to_ms(st.st_mtim);
	if (to_ms(st.st_atim) <= lease->life_wall_ms) {
		lease->round_start_wall_ms = to_ms(st.st_atim);
		lease->round_end_wall_ms = lease->life_wall_ms;
	}
	return parse(text, lease);
}

int64_t lease_lapse_ms(int64_t interval_ms)
{
	int64_t lapse_ms = 3 * (interval_ms ? interval_ms : INTERVAL_UNKNOWN_MS);

	return lapse_ms > 5 * MINUTE_MS ? lapse_ms : 5 * MINUTE_MS;
}

static bool is_same_place(const struct procid_host *a, const struct procid_host *b)
{
	return strcmp(a->boot_id, b->boot_id) == 0 && a->pid_namespace == b->pid_namespace &&
	       a->time_namespace == b->time_namespace;
}

enum lease_claim lease_judge(const struct lease *theirs, const struct lease *ours,
			     int64_t container_start_wall_ms, int64_t now_wall_ms)
{
	int64_t silent_ms = now_wall_ms - theirs->life_wall_ms;
	bool is_same_boot = strcmp(theirs->place.boot_id, ours->place.boot_id) == 0;

	if (is_same_place(&theirs->place, &ours->place))
		return LEASE_OURS;
	if (!is_same_boot && strcmp(theirs->host, ours->host) == 0)
		return LEASE_INHERITED;
	/* Only a pid namespace of our own has a pid 1 that tells when "our container" began. One with another
	 * name may be a second one beside it, not the next. */
	if (is_same_boot && strcmp(theirs->host, ours->host) == 0 &&
	    theirs->place.pid_namespace != ours->place.pid_namespace &&
	    container_start_wall_ms && theirs->life_wall_ms < container_start_wall_ms)
		return LEASE_INHERITED;
	/* A time in the future is a clock that was set back: no proof of silence. */
	return silent_ms > lease_lapse_ms(theirs->interval_ms) ? LEASE_INHERITED : LEASE_FOREIGN;
}

static struct timespec from_ms(int64_t ms)
{
	return (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
}

int lease_touch(const struct statedir *dir, int64_t start_wall_ms, int64_t end_wall_ms)
{
	struct timespec times[2] = { from_ms(start_wall_ms), from_ms(end_wall_ms) };

	return utimensat(dir->fd, FILE_NAME, times, AT_SYMLINK_NOFOLLOW) ? -errno : 0;
}

int lease_release(const struct statedir *dir)
{
	return lease_touch(dir, 0, 0);
}

int lease_take(const struct statedir *dir, const struct lease *ours, struct err *err)
{
	char text[LEASE_SIZE];
	int len = snprintf(text, sizeof(text),
			   HEADER "host %s\nboot %s\npidns %" PRIu64 "\ntimens %" PRIu64
				  "\ninterval_ms %" PRId64 "\n",
			   ours->host, ours->place.boot_id, ours->place.pid_namespace,
			   ours->place.time_namespace, ours->interval_ms);
	int status = atomfile_write(dir->fd, FILE_NAME, text, (size_t)len, 0600, ATOMFILE_VOLATILE);

	if (status < 0)
		return err_set(err, ERR_SYSTEM, -status, "cannot write %s/" FILE_NAME, dir->path);
	/* Only what is shown of the last round depends on this. */
	if (ours->round_end_wall_ms)
		(void)lease_touch(dir, ours->round_start_wall_ms, ours->round_end_wall_ms);
	else
		(void)lease_touch(dir, clock_read().wall_ms + NO_ROUND_MS, clock_read().wall_ms);
	return 0;
}
