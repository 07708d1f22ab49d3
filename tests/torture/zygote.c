/* SPDX-License-Identifier: ISC */
/*
 * zygote: preloaded, it keeps a program at the door of main() and lets a child of it go in as often
 * as it is asked to. Executing and linking a program costs several times what a round does.
 *
 * ZYGOTE="REQUESTS REPLIES GO OUTPUT": three descriptors and a file. Without it nothing happens.
 * Neither is it in the environment of main(), nor LD_PRELOAD.
 *
 * Says first the number of allocations so far (0 without nomem.so). Then, for each struct
 * zygote_request read: the pid of the child, and, when it has ended, its wait status; 4 bytes each.
 *
 * A child that is not traced has OUTPUT, emptied, as 1 and 2. One that is traced waits for a byte
 * from GO, stops itself by SIGSTOP as the last thing before main(), and says nothing to anybody;
 * the calls in its request are reported to its tracer by seccomp, where there are any: but not
 * those of a program that is not position-independent (sheep), since who is let go to execute it
 * keeps the filter.
 *
 * Never allocates: main() finds the heap as the loader left it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zygote.h"

/* Below are programs that are not position-independent. */
#define FIXED_END 0x10000000

typedef int main_function(int argc, char **argv, char **envp);

/* Of nomem.so, where that is preloaded, too. */
extern unsigned long nomem_count(void) __attribute__((weak));
extern void nomem_arm(const char *text, unsigned long count) __attribute__((weak));

static main_function *real_main;
static char setting[4096];
static char preloaded[4096];
static char output[4096];
static char allocation[540];
static int requests, replies, go;

static void say(int32_t number)
{
	if (write(replies, &number, sizeof(number)) != sizeof(number))
		_exit(70);
}

/* Reports the calls of REQUEST to the tracer; all others go by. */
static int filter(const struct zygote_request *request)
{
	struct sock_filter code[6 + ZYGOTE_CALLS_MAX + 2];
	struct sock_fprog program = { .filter = code };
	unsigned len = 0, calls_len = request->calls_len;

	code[len++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4);
	code[len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2);
	code[len++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer));
	code[len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FIXED_END, 0,
						   (uint8_t)(calls_len + 1));
	code[len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						   offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < calls_len; i++)
		code[len++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, request->calls[i], (uint8_t)(calls_len - i), 0);
	code[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	program.len = (unsigned short)len;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void be_child(const struct zygote_request *request)
{
	int fd;
	char byte;
	unsigned long count = nomem_count ? nomem_count() : 0;

	if (*request->allocation && nomem_arm) {
		/* What it executes is to fail, too. */
		snprintf(allocation, sizeof(allocation), "TORTURE=%s", request->allocation);
		if (putenv(preloaded) || putenv(allocation))
			_exit(70);
		nomem_arm(request->allocation, count);
	}
	if (!request->is_traced) {
		fd = open(*request->allocation ? "/dev/null" : output,
			  O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
		if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
			_exit(70);
		close(fd);
	} else if (read(go, &byte, 1) != 1) {
		_exit(70);
	}
	close(requests);
	close(replies);
	close(go);
	if (!request->is_traced)
		return;
	if (request->calls_len && filter(request))
		_exit(71);
	syscall(SYS_kill, getpid(), SIGSTOP);
}

static int serve(int argc, char **argv, char **envp)
{
	struct zygote_request request;
	int status;

	say(nomem_count ? (int32_t)nomem_count() : 0);
	while (read(requests, &request, sizeof(request)) == sizeof(request)) {
		pid_t pid = fork();

		if (pid == 0) {
			be_child(&request);
			return real_main(argc, argv, envp);
		}
		say(pid);
		while (waitpid(pid, &status, 0) < 0)
			if (errno != EINTR)
				_exit(70);
		say(status);
	}
	_exit(0);
}

/* Before anybody asks for the environment. */
__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("ZYGOTE"), *preload = getenv("LD_PRELOAD");

	if (!text)
		return;
	snprintf(setting, sizeof(setting), "%s", text);
	snprintf(preloaded, sizeof(preloaded), "LD_PRELOAD=%s", preload ? preload : "");
	unsetenv("ZYGOTE");
	unsetenv("LD_PRELOAD");
}

int __libc_start_main(main_function *main, int argc, char **argv, void (*init)(void),
		      void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	typeof(&__libc_start_main) next =
		(typeof(&__libc_start_main))(uintptr_t)dlsym(RTLD_NEXT, "__libc_start_main");

	real_main = main;
	if (sscanf(setting, "%d %d %d %4095s", &requests, &replies, &go, output) == 4)
		main = serve;
	return next(main, argc, argv, init, fini, rtld_fini, stack_end);
}
