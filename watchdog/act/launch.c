/* SPDX-License-Identifier: ISC */
#include "watchdog/act/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pidfiles/pathwalk.h"
#include "pidfiles/pidfile.h"
#include "watchdog/act/child.h"
#include "watchdog/act/observe.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/expand.h"
#include "watchdog/model/limit.h"
#include "watchdog/model/option.h"
#include "watchdog/store/exitnote.h"

/* All that the plan points to, freed together. */
struct preparation {
	struct expanded expanded;
	struct strlist environment;
	struct strlist programs;
	gid_t *groups;
	struct rlimit_setting *limits;
	char oom_score_adj[16];
	struct child_plan plan;
};

static void fail_with(struct launch_result *result, enum launch_outcome outcome, const char *what,
		      int sys_errno)
{
	result->outcome = outcome;
	(void)snprintf(result->why, sizeof(result->why), "%s: %s", what, strerror(sys_errno));
}

static void fail_by(struct launch_result *result, const struct err *err)
{
	result->outcome = LAUNCH_FAILED;
	(void)snprintf(result->why, sizeof(result->why), "%s", err->text);
}

/* ---- preparing ---------------------------------------------------------------------------- */

static const char *variable(const struct strlist *environment, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = environment->count; i-- > 0;)
		if (strncmp(environment->items[i], name, len) == 0 &&
		    environment->items[i][len] == '=')
			return environment->items[i] + len + 1;
	return NULL;
}

/* Where the command may be found: itself if it has a slash, else along the worker's PATH. */
static void list_programs(const char *command, const char *path, struct strlist *programs)
{
	if (strchr(command, '/')) {
		strlist_add(programs, command);
		return;
	}
	while (path) {
		const char *colon = strchr(path, ':');
		int len = colon ? (int)(colon - path) : (int)strlen(path);

		strlist_take(programs, len ? mem_format("%.*s/%s", len, path, command)
					   : mem_format("./%s", command));
		path = colon ? colon + 1 : NULL;
	}
}

static void parse_limits(const struct worker_options *options, struct preparation *p)
{
	size_t count = options->limits.count;

	p->limits = mem_alloc((count + 1) * sizeof(*p->limits));
	for (size_t i = 0; i < count; i++)
		if (limit_parse(options->limits.items[i], &p->limits[p->plan.limit_count]) == 0)
			p->plan.limit_count++;
	p->plan.limits = p->limits;
}

/* Whom it runs as. Changing user needs root; being that user already needs nothing. */
static int plan_user(const struct worker_options *options, struct preparation *p, struct err *err)
{
	struct child_plan *plan = &p->plan;
	int count;

	plan->uid = p->expanded.account.uid;
	plan->gid = p->expanded.gid;
	if (geteuid() != 0) {
		if (plan->uid != geteuid() || (options->group && plan->gid != getegid()))
			return err_set(err, ERR_SYSTEM, 0,
				       "user and group can be changed by root only (remove `user` and "
				       "`group`, or run cronherd as root)");
		return 0;
	}
	count = account_groups(&p->expanded.account, plan->gid, &p->groups);
	if (count < 0)
		return err_set(err, ERR_SYSTEM, -count, "cannot find the groups of %s",
			       p->expanded.account.name);
	plan->has_user = true;
	plan->groups = p->groups;
	plan->group_count = (size_t)count;
	return 0;
}

static void plan_numbers(const struct worker_options *options, struct preparation *p)
{
	struct child_plan *plan = &p->plan;

	plan->umask = (mode_t)options->umask;
	plan->log_mode = (mode_t)options->log_mode;
	plan->has_nice = options->nice != OPTION_NONE;
	plan->nice = plan->has_nice ? (int)options->nice : 0;
	if (options->oom_score_adjust != OPTION_NONE) {
		(void)snprintf(p->oom_score_adj, sizeof(p->oom_score_adj), "%" PRId64,
			       options->oom_score_adjust);
		plan->oom_score_adj = p->oom_score_adj;
	}
	parse_limits(options, p);
}

static void plan_logs(struct preparation *p)
{
	const char *out = p->expanded.stdout_logfile;
	const char *errors = p->expanded.stderr_logfile;

	p->plan.stdout_logfile = out;
	p->plan.stderr_logfile = out && errors && strcmp(out, errors) == 0 ? out : errors;
}

static int prepare(const struct scene *scene, const struct instance *instance,
		   struct preparation *p, struct err *err)
{
	const struct worker_options *options = &instance->worker->options;

	if (expand_instance(scene->config, instance, &p->expanded, err) ||
	    expand_environment(scene->config, instance, &p->expanded, &p->environment, err) ||
	    plan_user(options, p, err))
		return -1;
	plan_numbers(options, p);
	plan_logs(p);
	list_programs(p->expanded.argv.items[0], variable(&p->environment, "PATH"), &p->programs);
	p->plan.argv = p->expanded.argv.items;
	p->plan.envp = p->environment.items;
	p->plan.programs = p->programs.items;
	p->plan.directory = p->expanded.directory;
	return 0;
}

static void discard(struct preparation *p)
{
	expanded_free(&p->expanded);
	strlist_free(&p->environment);
	strlist_free(&p->programs);
	free(p->groups);
	free(p->limits);
}

/*
 * In a root-owned log directory the worker's user could not make its log. Root makes the empty file there, and only
 * in a directory that nobody else can write to, and to which no other user's link leads: nothing can be swapped.
 */
static void make_log(const struct child_plan *plan, const char *path)
{
	const char *base;
	struct stat st;
	int dir_fd, fd;

	if (!path || !plan->has_user || plan->uid == 0)
		return;
	dir_fd = pathwalk_open(path, &base);
	if (dir_fd < 0)
		return; /* the child's own attempt will say what is wrong */
	if (fstat(dir_fd, &st) == 0 && pathwalk_is_roots_alone(&st)) {
		fd = openat(dir_fd, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    0600);
		if (fd >= 0) {
			(void)!fchown(fd, plan->uid, plan->gid);
			(void)fchmod(fd, plan->log_mode);
			close(fd);
		}
	}
	close(dir_fd);
}

/* ---- starting ----------------------------------------------------------------------------- */

/* The gate's ends are -1 where there is none. */
struct pipes {
	int gate[2];
	int news[2];
};

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int open_pipes(struct pipes *pipes, bool has_gate)
{
	*pipes = (struct pipes){ { -1, -1 }, { -1, -1 } };
	if (has_gate && pipe2(pipes->gate, O_CLOEXEC))
		return -errno;
	if (pipe2(pipes->news, O_CLOEXEC)) {
		int failure = errno;

		close_end(&pipes->gate[0]);
		close_end(&pipes->gate[1]);
		return -failure;
	}
	return 0;
}

static pid_t fork_child(const struct child_plan *plan)
{
	pid_t pid = fork();

	if (pid == 0)
		child_run(plan);
	return pid;
}

/* Nothing but this, so that the child, which uses our stack, overwrites nothing of ours. */
static pid_t vfork_child(const struct child_plan *plan)
{
	pid_t pid = vfork();

	if (pid == 0)
		child_run(plan);
	return pid;
}

/* PID, or a negative errno. The child's ends are closed here. */
static pid_t begin_child(struct child_plan *plan, struct pipes *pipes)
{
	pid_t pid;

	plan->gate_fd = pipes->gate[0];
	plan->news_fd = pipes->news[1];
	pid = plan->gate_fd < 0 ? vfork_child(plan) : fork_child(plan);
	if (pid < 0)
		pid = -errno;
	close_end(&pipes->gate[0]);
	close_end(&pipes->news[1]);
	return pid;
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int expect(const struct scene *scene, const struct instance *instance,
		  const struct procid *process)
{
	char id[INSTANCE_ID_SIZE];

	return exitnote_expect(scene->dir.exits_fd, process->pid, process->start_ticks,
			       instance_id(instance, id));
}

static int publish(const struct scene *scene, const struct instance *instance,
		   const struct procid *process)
{
	char name[OBSERVE_PIDFILE_SIZE];
	struct pidfile pidfile = { .id = *process,
				   .definition = instance->worker->definition,
				   .started_wall_ms = scene->now.wall_ms,
				   .is_starter = instance->worker->options.type == WORKER_FORKING };

	return pidfile_publish(scene->dir.pidfiles_fd, observe_pidfile_name(instance, name),
			       &pidfile);
}

static void withdraw(struct scene *scene, const struct instance *instance,
		     const struct procid *process)
{
	char name[OBSERVE_PIDFILE_SIZE];

	/* What cannot be removed names a process that is dead: the next look says so. */
	(void)pidfile_remove(scene->dir.pidfiles_fd, observe_pidfile_name(instance, name), process);
	exitnote_remove(scene->dir.exits_fd, process->pid, process->start_ticks);
}

/* Waits for more of the child: 1; 0 at end-of-file; or a negative errno. */
static int read_news(int fd, struct child_news *news)
{
	size_t got = 0;

	while (got < sizeof(*news)) {
		ssize_t n = read(fd, (char *)news + got, sizeof(*news) - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		got += (size_t)n;
	}
	return 1;
}

static void explain(const struct preparation *p, const struct child_news *fault,
		    struct launch_result *result)
{
	const struct child_plan *plan = &p->plan;
	const char *object = "";

	switch ((enum child_step)fault->step) {
	case CHILD_EXEC:
		object = plan->argv[0];
		break;
	case CHILD_DIRECTORY:
		object = plan->directory;
		break;
	case CHILD_STDOUT:
		object = plan->stdout_logfile ? plan->stdout_logfile : "/dev/null";
		break;
	case CHILD_STDERR:
		object = plan->stderr_logfile ? plan->stderr_logfile : "/dev/null";
		break;
	case CHILD_USER:
	case CHILD_GROUPS:
		object = p->expanded.account.name;
		break;
	case CHILD_SESSION:
	case CHILD_ANNOUNCE:
	case CHILD_CLOSE:
	case CHILD_SIGNALS:
	case CHILD_LIMITS:
	case CHILD_NICE:
	case CHILD_OOM:
	case CHILD_STDIN:
	case CHILD_GATE:
		break;
	}
	result->outcome = LAUNCH_FAILED;
	(void)snprintf(result->why, sizeof(result->why), "cannot %s%s%s: %s",
		       child_step_text((enum child_step)fault->step), *object ? " " : "", object,
		       strerror(fault->sys_errno));
}

/* The child has ended, or is about to. */
static void give_up(struct scene *scene, const struct instance *instance, pid_t pid,
		    const struct launch_result *result)
{
	reap(pid);
	withdraw(scene, instance, &result->process);
}

/* Hears how it went until the child executes or ends. */
static void hear(struct scene *scene, const struct instance *instance, const struct preparation *p,
		 pid_t pid, const struct pipes *pipes, struct launch_result *result)
{
	struct child_news news;
	int more;

	while ((more = read_news(pipes->news[0], &news)) > 0) {
		if (news.step == CHILD_ANNOUNCE && !news.sys_errno) {
			result->process = news.process;
			continue;
		}
		give_up(scene, instance, pid, result);
		if (news.step == CHILD_ANNOUNCE)
			fail_with(result, LAUNCH_UNABLE, "cannot write the pidfile",
				  news.sys_errno);
		else
			explain(p, &news, result);
		return;
	}
	if (result->process.pid) {
		result->outcome = LAUNCH_DONE;
		return;
	}
	/* Killed before it could say anything; or we cannot hear it, and then it may well live: the next look tells. */
	if (more == 0)
		reap(pid);
	fail_with(result, LAUNCH_UNABLE, "cannot hear of the process that was begun",
		  more < 0 ? -more : ESRCH);
}

/* The child waits at the gate: name it, let it pass, hear how it went. */
static void let_pass(struct scene *scene, const struct instance *instance,
		     const struct preparation *p, pid_t pid, struct pipes *pipes,
		     struct launch_result *result)
{
	int status = procid_of(&scene->proc, &scene->host, pid, &result->process);

	/* A child that failed in its preparation may be a zombie by now: its news tell. */
	if (status == 0)
		status = expect(scene, instance, &result->process);
	else if (status == -ESRCH)
		status = 0;
	if (status == 0 && result->process.pid)
		status = publish(scene, instance, &result->process);
	if (status < 0) {
		close_end(&pipes->gate[1]);
		give_up(scene, instance, pid, result);
		fail_with(result, LAUNCH_UNABLE, "cannot write the pidfile", -status);
		return;
	}
	(void)!write(pipes->gate[1], "", 1); /* EPIPE: the child has failed; the news say why */
	close_end(&pipes->gate[1]);
	hear(scene, instance, p, pid, pipes, result);
}

struct self {
	struct scene *scene;
	const struct instance *instance;
};

/* These two in the child: see the rules of child.h. */
static int identify_self(void *data, struct procid *process)
{
	const struct self *self = data;
	int status = procid_of(&self->scene->proc, &self->scene->host, getpid(), process);

	return status < 0 ? status : expect(self->scene, self->instance, process);
}

static int publish_self(void *data, const struct procid *process)
{
	const struct self *self = data;

	return publish(self->scene, self->instance, process);
}

static void start(struct scene *scene, const struct instance *instance, struct preparation *p,
		  struct launch_result *result)
{
	struct self self = { scene, instance };
	struct pipes pipes;
	int status = open_pipes(&pipes, !slotlock_is_shared(&scene->lock));
	pid_t pid;

	if (status < 0) {
		fail_with(result, LAUNCH_UNABLE, "cannot make a pipe", -status);
		return;
	}
	p->plan.lock_fd = scene->lock.fd;
	p->plan.identify = identify_self;
	p->plan.publish = publish_self;
	p->plan.announce_data = &self;
	pid = begin_child(&p->plan, &pipes);
	if (pid < 0)
		fail_with(result, LAUNCH_UNABLE, "cannot fork", (int)-pid);
	else if (pipes.gate[1] >= 0)
		let_pass(scene, instance, p, pid, &pipes, result);
	else
		hear(scene, instance, p, pid, &pipes, result);
	close_end(&pipes.gate[1]);
	close_end(&pipes.news[0]);
	p->plan.announce_data = NULL; /* it was ours */
}

void launch(struct scene *scene, const struct instance *instance, struct launch_result *result)
{
	struct preparation p = { .plan = { .has_user = false } };
	struct err err = ERR_INIT;

	*result = (struct launch_result){ .outcome = LAUNCH_FAILED };
	if (prepare(scene, instance, &p, &err)) {
		fail_by(result, &err);
	} else {
		make_log(&p.plan, p.plan.stdout_logfile);
		make_log(&p.plan, p.plan.stderr_logfile);
		start(scene, instance, &p, result);
	}
	discard(&p);
}
