/* SPDX-License-Identifier: ISC */
#include "watchdog/act/ending.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "pidfiles/procref.h"
#include "watchdog/base/mem.h"

static struct procid identity_of(const struct scene *scene, const struct proctable_entry *entry)
{
	struct procid id = { .pid = entry->pid,
			     .start_ticks = entry->start_ticks,
			     .pid_namespace = scene->host.pid_namespace,
			     .time_namespace = scene->host.time_namespace };

	memcpy(id.boot_id, scene->host.boot_id, sizeof(id.boot_id));
	return id;
}

static void add(struct family *family, const struct procid *id)
{
	family->members = mem_resize(family->members, family->count + 1, sizeof(*family->members));
	family->members[family->count++] = *id;
}

int family_take(struct family *family, struct scene *scene, const struct procid *process)
{
	int status;

	family_free(family);
	family->root = *process;
	/* The table is of this pass; who has been forked since is found in the session when the main process has gone. */
	status = proctable_read(&scene->table, &scene->proc);
	if (status < 0)
		return status;
	for (size_t i = 0; i < scene->table.count; i++) {
		const struct proctable_entry *entry = &scene->table.entries[i];
		struct procid id;

		if (entry->pid == process->pid ||
		    !proctable_belongs(entry, process->pid))
			continue;
		id = identity_of(scene, entry);
		add(family, &id);
	}
	return 0;
}

void family_free(struct family *family)
{
	free(family->members);
	*family = (struct family)FAMILY_INIT;
	family->members = NULL; /* it is that already; clang's analyser cannot see it */
}

/* Pin, verify, send. */
static int send_one(struct scene *scene, const struct procid *id, int sig)
{
	struct procref ref = PROCREF_INIT;
	int status;

	switch (procref_open(&ref, &scene->proc, &scene->host, id)) {
	case PROCID_SAME:
		break;
	case PROCID_GONE:
	case PROCID_OTHER:
		return -ESRCH;
	case PROCID_UNKNOWN:
		return -EAGAIN;
	}
	status = procref_signal(&ref, &scene->proc, sig);
	procref_close(&ref);
	return status;
}

/* The leader is verified first: as long as it lives, its group's number is its own. */
static int send_group(struct scene *scene, const struct procid *leader, int sig)
{
	int status;

	status = proctable_read(&scene->table, &scene->proc);
	if (status < 0)
		return status;
	status = send_one(scene, leader, sig);
	if (status < 0)
		return status;
	for (size_t i = 0; i < scene->table.count; i++) {
		const struct proctable_entry *entry = &scene->table.entries[i];
		struct procid id;

		if (entry->pgrp != leader->pid || entry->pid == leader->pid)
			continue;
		id = identity_of(scene, entry);
		(void)send_one(scene, &id, sig); /* one that has ended needs none */
	}
	return 0;
}

int ending_signal(struct scene *scene, const struct procid *process, int sig, int64_t killmode)
{
	return killmode == KILLMODE_GROUP ? send_group(scene, process, sig)
					  : send_one(scene, process, sig);
}

static size_t kill_family(struct scene *scene, const struct family *family)
{
	size_t found = 0;

	for (size_t i = 0; i < family->count; i++)
		found += send_one(scene, &family->members[i], SIGKILL) == 0;
	return found;
}

int ending_kill(struct scene *scene, const struct procid *process, int64_t killmode,
		const struct family *family)
{
	int status;

	if (killmode == KILLMODE_GROUP)
		return send_group(scene, process, SIGKILL);
	/* The main process first: it could go on forking. */
	status = send_one(scene, process, SIGKILL);
	if (status == 0 && killmode == KILLMODE_MIXED)
		(void)kill_family(scene, family);
	return status;
}

static bool bears_mark(struct scene *scene, pid_t pid, const char *id)
{
	char value[INSTANCE_ID_SIZE];

	return proc_getenv(&scene->proc, pid, "CRONHERD_ID", value, sizeof(value)) == 0 &&
	       strcmp(value, id) == 0;
}

size_t ending_sweep_family(struct scene *scene, struct family *family)
{
	size_t found = kill_family(scene, family);

	family_free(family);
	return found;
}

size_t ending_sweep_session(struct scene *scene, const struct instance *instance,
			    const struct procid *process)
{
	char id[INSTANCE_ID_SIZE];
	size_t found = 0;
	const struct proctable_entry *leader;

	if (!process->pid || proctable_read(&scene->table, &scene->proc))
		return found;
	/* Its number may lead another's session by now. */
	leader = proctable_find(&scene->table, process->pid);
	if (leader && leader->start_ticks != process->start_ticks)
		return found;
	instance_id(instance, id);
	for (size_t i = 0; i < scene->table.count; i++) {
		const struct proctable_entry *entry = &scene->table.entries[i];
		struct procid member;

		if (entry->session != process->pid || entry->pid == process->pid ||
		    !bears_mark(scene, entry->pid, id))
			continue;
		member = identity_of(scene, entry);
		found += send_one(scene, &member, SIGKILL) == 0;
	}
	return found;
}
