/* SPDX-License-Identifier: ISC */
#include "watchdog/base/dispositions.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Bytes of the kernel's sigset_t, not libc's. */
#define KERNEL_SIGSET_SIZE (_NSIG / 8)

static void set_default(int sig)
{
	static const unsigned long kernel_default[16];

	/* Libc keeps two for itself and refuses; a caller may have ignored them all the same. The kernel's structure, all zero, is SIG_DFL. */
	if (signal(sig, SIG_DFL) == SIG_ERR && errno == EINVAL)
		(void)syscall(SYS_rt_sigaction, sig, kernel_default, NULL, KERNEL_SIGSET_SIZE);
}

void dispositions_begin(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			set_default(sig);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

int dispositions_hand_on(void)
{
	/* Ours, and those of who stands between a command and its terminal (act/minder). What has a handler, exec(2) puts back. */
	static const int ignored[] = { SIGPIPE, SIGXFSZ, SIGINT, SIGQUIT, SIGHUP, SIGTSTP };
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		if (sigaction(ignored[i], &action, NULL))
			return -errno;
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) ? -errno : 0;
}
