/* SPDX-License-Identifier: ISC */
/* doctor's checks of the host: what the kernel shows us, and what it lets us have. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config.h"
#include "pidfiles/procref.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/verbs/doctor.h"
#include "watchdog/act/selfpath.h"

/* A round, its minder, pipes, directories. */
#define DESCRIPTORS_OF_A_ROUND 64
/* So many processes' places in the system are looked at. */
#define CGROUPS_MAX 50
/* Inode of the first pid namespace: PROC_PID_INIT_INO of the kernel. */
#define FIRST_PID_NAMESPACE UINT64_C(0xEFFFFFFC)

void doctor_check_program(struct doctor *doctor)
{
	struct err err = ERR_INIT;
	bool is_replaced;
	char *path = selfpath(&is_replaced, &err);

	if (!path)
		doctor_warn(doctor, "cronherd " PACKAGE_VERSION ": %s", err.text);
	else if (is_replaced)
		doctor_warn(doctor,
			    "cronherd " PACKAGE_VERSION
			    ": %s is not what runs here any more: start it "
			    "anew",
			    path);
	else
		doctor_ok(doctor, "cronherd " PACKAGE_VERSION ", %s, uid %u", path,
			  (unsigned)geteuid());
	free(path);
}

/* ---- /proc -------------------------------------------------------------------------------- */

/* The value of hidepid where /proc is mounted, allocated; NULL where it is not set. */
static char *read_hidepid(void)
{
	struct str text = STR_INIT;
	char *value = NULL;
	char *save = NULL;

	if (!doctor_read(AT_FDCWD, "/proc/self/mountinfo", &text) || !text.data) {
		str_free(&text);
		return NULL;
	}
	for (char *line = strtok_r(text.data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		const char *option = strstr(line, "hidepid=");

		if (!strstr(line, " /proc ") || !strstr(line, " - proc "))
			continue;
		free(value); /* a later mount lies above */
		value = option ? mem_dup_n(option + 8, strcspn(option + 8, ", ")) : NULL;
	}
	str_free(&text);
	return value;
}

static void judge_hidepid(struct doctor *doctor, const char *value)
{
	if (!value || strcmp(value, "0") == 0 || strcmp(value, "off") == 0)
		doctor_ok(doctor, "usable, nothing is hidden");
	else if (geteuid() == 0)
		doctor_ok(doctor, "usable; hidepid=%s hides nothing from root", value);
	else if (strcmp(value, "4") == 0 || strcmp(value, "ptraceable") == 0)
		doctor_warn(doctor,
			    "hidepid=%s hides even our own where they may not be traced (setuid "
			    "programs): those workers can be shown as UNKNOWN",
			    value);
	else
		doctor_ok(doctor, "usable; hidepid=%s hides others' processes, not ours", value);
}

void doctor_check_proc(struct doctor *doctor)
{
	char *hidepid;

	if (doctor->proc_status < 0) {
		doctor_bad(doctor,
			   "not usable (%s), so nothing can be told of any process: mount -t proc "
			   "proc /proc",
			   strerror(-doctor->proc_status));
		return;
	}
	hidepid = read_hidepid();
	judge_hidepid(doctor, hidepid);
	free(hidepid);
}

void doctor_check_pidfds(struct doctor *doctor)
{
	int fd = procref_pidfd_open(getpid());
	uint64_t inode = fd < 0 ? 0 : procref_pidfd_inode(fd);

	if (fd < 0)
		doctor_warn(
			doctor,
			"none (%s; Linux 5.3 has them): processes are verified right before each "
			"signal instead, and ends are seen by looking",
			strerror(-fd));
	else if (!inode)
		doctor_ok(doctor, "there; without inodes of their own (those come with Linux 6.9)");
	else
		doctor_ok(doctor, "there, with inodes that are never reused");
	if (fd >= 0)
		close(fd);
}

/* ---- limits ------------------------------------------------------------------------------- */

struct tally {
	const struct proc *proc;
	uid_t uid;
	uint64_t threads;
};

static int count_threads(const struct procstat *stat, void *data)
{
	struct tally *tally = data;
	uid_t uid;

	if (proc_uid(tally->proc, stat->pid, &uid) == 0 && uid == tally->uid &&
	    stat->num_threads > 0)
		tally->threads += (uint64_t)stat->num_threads;
	return 0;
}

/* Whether a round would have it run. */
static bool is_wanted(const struct slot *slot)
{
	return slot->intent == INTENT_KEEP || slot->intent == INTENT_RENEW;
}

/* Instances that may be started on top of what runs. */
static uint64_t count_missing(const struct doctor *doctor)
{
	uint64_t count = 0;

	for (size_t i = 0; doctor_has_herd(doctor) && i < doctor->herd.count; i++)
		count += is_wanted(&doctor->herd.slots[i]) &&
			 doctor->herd.slots[i].seen.liveness == LIVENESS_DEAD;
	return count;
}

void doctor_check_processes(struct doctor *doctor)
{
	struct tally tally = { .proc = &doctor->proc, .uid = geteuid() };
	uint64_t missing = count_missing(doctor);
	struct rlimit limit;

	if (doctor->proc_status < 0 || getrlimit(RLIMIT_NPROC, &limit) ||
	    proc_each(&doctor->proc, count_threads, &tally) < 0) {
		doctor_warn(doctor, "cannot be counted");
		return;
	}
	if (limit.rlim_cur == RLIM_INFINITY || geteuid() == 0)
		doctor_ok(doctor, "%ju threads of ours, no limit for this user",
			  (uintmax_t)tally.threads);
	else if (tally.threads + missing >= limit.rlim_cur)
		doctor_bad(doctor,
			   "%ju threads of ours and %ju instances to start, of at most %ju: raise "
			   "nproc (limits.conf, the host's plan) or lower numprocs",
			   (uintmax_t)tally.threads, (uintmax_t)missing, (uintmax_t)limit.rlim_cur);
	else if ((tally.threads + missing) / 4 >= limit.rlim_cur / 5)
		doctor_warn(doctor, "%ju threads of ours, of at most %ju: little is left",
			    (uintmax_t)(tally.threads + missing), (uintmax_t)limit.rlim_cur);
	else
		doctor_ok(doctor, "%ju threads of ours, of at most %ju", (uintmax_t)tally.threads,
			  (uintmax_t)limit.rlim_cur);
}

void doctor_check_descriptors(struct doctor *doctor)
{
	uint64_t needed = DESCRIPTORS_OF_A_ROUND + doctor->herd.count;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		doctor_warn(doctor, "the limit is not known: %s", strerror(errno));
	else if (limit.rlim_cur == RLIM_INFINITY)
		doctor_ok(doctor, "no limit");
	else if (limit.rlim_cur < DESCRIPTORS_OF_A_ROUND)
		doctor_bad(doctor, "at most %ju: raise nofile (ulimit -n, limits.conf)",
			   (uintmax_t)limit.rlim_cur);
	else if (limit.rlim_cur < needed)
		doctor_warn(doctor,
			    "at most %ju; where all %zu instances are waited for at once, %ju are "
			    "needed: raise nofile (ulimit -n, limits.conf)",
			    (uintmax_t)limit.rlim_cur, doctor->herd.count, (uintmax_t)needed);
	else
		doctor_ok(doctor, "at most %ju", (uintmax_t)limit.rlim_cur);
}

/* ---- memory ------------------------------------------------------------------------------- */

/* What SLOT may come to take beyond what it has; 0 where it has no limit. */
static int64_t may_still_take(const struct slot *slot)
{
	const struct worker_options *options = &slot->instance.worker->options;
	int64_t limit_bytes = options->memory_max_bytes > 0 ? options->memory_max_bytes
							    : options->memory_limit_bytes;

	if (limit_bytes <= 0 || !is_wanted(slot))
		return 0;
	if (slot->seen.liveness == LIVENESS_ALIVE && slot->seen.memory_bytes > 0)
		limit_bytes -= slot->seen.memory_bytes;
	return limit_bytes > 0 ? limit_bytes : 0;
}

void doctor_check_memory(struct doctor *doctor)
{
	char available[UNITS_TEXT_SIZE], wanted[UNITS_TEXT_SIZE];
	struct str text = STR_INIT;
	int64_t available_bytes = -1;
	int64_t wanted_bytes = 0;

	if (doctor_read(AT_FDCWD, "/proc/meminfo", &text))
		available_bytes = doctor_number(str_text(&text), "MemAvailable:") * 1024;
	str_free(&text);
	for (size_t i = 0; doctor_has_herd(doctor) && i < doctor->herd.count; i++)
		if (doctor->herd.slots[i].instance.worker)
			wanted_bytes += may_still_take(&doctor->herd.slots[i]);
	units_format_size(available_bytes, available);
	units_format_size(wanted_bytes, wanted);
	if (available_bytes < 0)
		doctor_warn(doctor, "how much is available is not known");
	else if (wanted_bytes > available_bytes)
		doctor_warn(
			doctor,
			"%s available, but the workers may take %s more before their limits: lower "
			"memory_limit or numprocs",
			available, wanted);
	else if (wanted_bytes)
		doctor_ok(doctor, "%s available; the workers may take %s more before their limits",
			  available, wanted);
	else
		doctor_ok(doctor, "%s available", available);
}

/* ---- cgroup ------------------------------------------------------------------------------- */

/* The innermost unit of systemd's in TEXT (/proc/PID/cgroup), allocated; NULL: none. */
static char *unit_of(const char *text)
{
	const char *line = strstr(text, ":name=systemd:");
	const char *path = line ? line + strlen(":name=systemd:") : strstr(text, "0::");
	char *unit = NULL;
	char *copy, *save = NULL;

	if (!path)
		return NULL;
	copy = mem_dup_n(path, strcspn(path, "\n"));
	for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		const char *dot = strrchr(part, '.');

		if (!dot || (strcmp(dot, ".service") != 0 && strcmp(dot, ".scope") != 0))
			continue;
		free(unit);
		unit = mem_dup(part);
	}
	free(copy);
	return unit;
}

/* Units whose end does not end what they started, or ends with the user's own session only. */
static bool spares_children(const char *unit)
{
	static const char *const known[] = { "cron.service",  "crond.service", "cronie.service",
					     "fcron.service", "dcron.service", "anacron.service" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(unit, known[i]) == 0)
			return true;
	return strstr(unit, ".scope") || strncmp(unit, "user@", 5) == 0;
}

/* The unit of process PID (NULL: ourselves) if its end would end workers, allocated. */
static char *find_danger(const struct doctor *doctor, pid_t pid)
{
	struct str text = STR_INIT;
	char path[32] = "self/cgroup";
	char *unit = NULL;

	if (pid)
		(void)snprintf(path, sizeof(path), "%d/cgroup", (int)pid);
	if (doctor_read(doctor->proc.dirfd, path, &text))
		unit = unit_of(str_text(&text));
	str_free(&text);
	if (unit && spares_children(unit)) {
		free(unit);
		unit = NULL;
	}
	return unit;
}

#define KILLMODE_CURE                                                                              \
	"workers end when it does (cron.service has KillMode=process; systemd-cron's and most "    \
	"others do not): `systemctl edit %s`, [Service] KillMode=process"

void doctor_check_cgroup(struct doctor *doctor)
{
	size_t looked_at = 0;
	char *unit = NULL;

	if (doctor->proc_status < 0) {
		doctor_warn(doctor, "not known: /proc is not usable");
		return;
	}
	for (size_t i = 0; doctor_has_herd(doctor) && i < doctor->herd.count && !unit; i++) {
		const struct slot *slot = &doctor->herd.slots[i];

		if (slot->seen.liveness != LIVENESS_ALIVE || ++looked_at > CGROUPS_MAX)
			continue;
		unit = find_danger(doctor, slot->seen.process.pid);
		if (unit)
			doctor_warn(doctor, "%s runs within %s: " KILLMODE_CURE, slot->id, unit,
				    unit);
	}
	if (!unit && (unit = find_danger(doctor, 0)))
		doctor_warn(doctor, "what is started from here runs within %s: " KILLMODE_CURE,
			    unit, unit);
	else if (!unit)
		doctor_ok(doctor, "no service that would take workers with it");
	free(unit);
}

void doctor_check_container(struct doctor *doctor)
{
	struct str init = STR_INIT;
	uint64_t namespace = 0;
	bool is_ours = doctor->proc_status == 0 &&
		       proc_namespace(&doctor->proc, 0, "pid", &namespace) == 0 &&
		       namespace != FIRST_PID_NAMESPACE;

	if (doctor->proc_status == 0)
		(void)doctor_read(doctor->proc.dirfd, "1/comm", &init); /* "" does as well */
	if (is_ours || access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0)
		doctor_ok(doctor,
			  "we are in one: its pid 1 is %.*s; its end ends all workers, and cron "
			  "must run "
			  "inside",
			  (int)strcspn(str_text(&init), "\n"), str_text(&init));
	else
		doctor_ok(doctor, "none seen");
	str_free(&init);
}
