/* SPDX-License-Identifier: ISC */
/*
 * doctor: the checks of `cronherd doctor`, by subject in doctor_*.c; verb_doctor.c has the list.
 *
 * A check looks at one thing, changes nothing, and says what it found with doctor_ok, doctor_warn
 * or doctor_bad: one line each, with the cure. It says at least one, and copes with all that failed
 * before it.
 */
#ifndef WATCHDOG_VERBS_DOCTOR_H
#define WATCHDOG_VERBS_DOCTOR_H

#include "pidfiles/proc.h"
#include "watchdog/act/cronhost.h"
#include "watchdog/base/clock.h"
#include "watchdog/config/config.h"
#include "watchdog/round/herd.h"
#include "watchdog/verbs/verb.h"

struct doctor {
	const struct verb_call *call;
	const char *check; /* the one that is being made */
	size_t bad_count;
	struct clock now;
	struct proc proc;
	int proc_status;       /* of proc_open: 0 or a negative errno */
	struct config config;  /* as far as it could be read: members may be NULL */
	struct err config_err; /* ERR_NONE: it could */
	struct herd herd;      /* looked at; of use where herd_err is ERR_NONE */
	struct err herd_err;
};

void doctor_ok(struct doctor *doctor, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Works, but for less than it could, or not for long. */
void doctor_warn(struct doctor *doctor, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Keeps workers from being kept: the exit status is 1. */
void doctor_bad(struct doctor *doctor, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Whether the herd could be opened. */
bool doctor_has_herd(const struct doctor *doctor);

/* Adds the text of the file PATH (relative to DIRFD) to TEXT; false where it cannot be read. */
bool doctor_read(int dirfd, const char *path, struct str *text);

/* The number behind KEY at the start of a line of TEXT ("MemTotal:"), or -1. */
int64_t doctor_number(const char *text, const char *key);

/* doctor_files.c */
void doctor_check_configuration(struct doctor *doctor);
void doctor_check_state_dir(struct doctor *doctor);
void doctor_check_space(struct doctor *doctor);
void doctor_check_file_system(struct doctor *doctor);
void doctor_check_clock(struct doctor *doctor);

/* doctor_cron.c */
void doctor_check_lease(struct doctor *doctor);
void doctor_check_crontab(struct doctor *doctor);
void doctor_check_rounds(struct doctor *doctor);

/* doctor_host.c */
void doctor_check_program(struct doctor *doctor);
void doctor_check_proc(struct doctor *doctor);
void doctor_check_pidfds(struct doctor *doctor);
void doctor_check_processes(struct doctor *doctor);
void doctor_check_descriptors(struct doctor *doctor);
void doctor_check_memory(struct doctor *doctor);
void doctor_check_cgroup(struct doctor *doctor);
void doctor_check_container(struct doctor *doctor);

/* doctor_telling.c */
void doctor_check_telling(struct doctor *doctor);

/* doctor_herd.c */
void doctor_check_strays(struct doctor *doctor);
void doctor_check_commands(struct doctor *doctor);

#endif
