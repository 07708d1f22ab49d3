/* SPDX-License-Identifier: ISC */
/* dispositions: what the kernel says of ours, in a child that was given the worst. */
#include "watchdog/base/dispositions.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/check_main.h"

#define BIT(sig) (UINT64_C(1) << ((sig) - 1))

/* The set FIELD ("SigIgn:") of /proc/self/status. */
static uint64_t set_of(const char *field)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	uint64_t set = ~UINT64_C(0);

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, field, strlen(field)) == 0)
			(void)sscanf(line + strlen(field), "%" SCNx64, &set);
	if (file)
		(void)fclose(file);
	return set;
}

/* All that can be ignored is, the two that libc keeps for itself too; all that can be blocked is. */
static void be_given_the_worst(void)
{
	static const unsigned long ignored[16] = { (unsigned long)SIG_IGN };
	sigset_t all;

	for (int sig = 1; sig <= 64; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			(void)syscall(SYS_rt_sigaction, sig, ignored, NULL, 8);
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
}

/* 0, or which of these it is that was not so. */
static int live(void)
{
	be_given_the_worst();
	if (set_of("SigIgn:") != ~(BIT(SIGKILL) | BIT(SIGSTOP)) || !set_of("SigBlk:"))
		return 1;
	dispositions_begin();
	if (set_of("SigIgn:") != (BIT(SIGPIPE) | BIT(SIGXFSZ)))
		return 2;
	if (set_of("SigBlk:"))
		return 3;
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	(void)signal(SIGTSTP, SIG_IGN);
	if (dispositions_hand_on() || set_of("SigIgn:") || set_of("SigBlk:"))
		return 4;
	return 0;
}

START_TEST(test_all_is_as_by_default)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(live());
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("dispositions");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, test_all_is_as_by_default);
	suite_add_tcase(all, tests);
	return all;
}

CHECK_MAIN(suite())
