/* SPDX-License-Identifier: ISC */
/* What a build for gcov (configure --enable-coverage) has instead of _exit(2), which writes no counters, and of execve(2): the
 * linker gives all of the program's calls to us (--wrap). In no other build. The counters are written, and begin anew: a child that
 * shares its parent's memory (vfork) would else leave them marked as written, and the parent's were lost. */
#include <gcov.h>

_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);
int __real_execve(const char *path, char *const argv[], char *const envp[]);
int __wrap_execve(const char *path, char *const argv[], char *const envp[]);

static void write_counters(void)
{
	__gcov_dump();
	__gcov_reset();
}

_Noreturn void __wrap__exit(int status)
{
	write_counters();
	__real__exit(status);
}

int __wrap_execve(const char *path, char *const argv[], char *const envp[])
{
	write_counters();
	return __real_execve(path, argv, envp);
}
