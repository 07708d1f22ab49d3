/* SPDX-License-Identifier: ISC */
/*
 * nonss: keeps glibc's dynamic name service out of the static program.
 *
 * libconfuse refers to these two for a ~ that we never have it expand; linked from libc.a they would bring the
 * name service with them, which needs the very libc of the build machine at run time. account.c reads /etc/passwd.
 */
#include <pwd.h>
#include <stddef.h>

struct passwd *getpwnam(const char *name)
{
	(void)name;
	return NULL;
}

struct passwd *getpwuid(uid_t uid)
{
	(void)uid;
	return NULL;
}
