/* SPDX-License-Identifier: ISC */
/*
 * oldkernel: runs a program as Linux 3.10 would: what came later is not there. Needs nothing but itself, so that it can be put into an
 * empty root; compiled, statically, by test_static.py, and by test_oldkernel.py.
 *
 *   oldkernel [--nameless] PROGRAM [ARGUMENT ...]
 *
 * Everywhere, finit_module(2) is the last system call that 3.10 has, and all that came after it have greater numbers: pidfd_open,
 * pidfd_send_signal, close_range, openat2, statx, renameat2, memfd_create, getrandom, clone3 and their like answer ENOSYS. Locks of open
 * file descriptions (3.15) and cutting the front of a file off (3.15) are refused as they were. uname(2) tells of a 2.6: OpenSSL takes
 * what is random from a device only where the kernel says that it is so old. A glibc would not begin there: --nameless leaves uname(2) as
 * it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/falloc.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LOW_HALF 4
#else
#define LOW_HALF 0
#endif
#define ARGUMENT(n) ((unsigned)(offsetof(struct seccomp_data, args[n]) + LOW_HALF))

#define LOAD(offset)   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define REFUSE(number) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (number))
#define ALLOW	       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define JUMP(test, value, then, otherwise) \
	BPF_JUMP(BPF_JMP | (test) | BPF_K, value, then, otherwise)

int main(int argc, char **argv)
{
	struct sock_filter code[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		JUMP(BPF_JGT, SYS_finit_module, 0, 1),
		REFUSE(ENOSYS),
		JUMP(BPF_JEQ, SYS_fcntl, 0, 5),
		LOAD(ARGUMENT(1)),
		JUMP(BPF_JGE, F_OFD_GETLK, 0, 2),
		JUMP(BPF_JGT, F_OFD_SETLKW, 1, 0),
		REFUSE(EINVAL),
		ALLOW,
		JUMP(BPF_JEQ, SYS_fallocate, 0, 3),
		LOAD(ARGUMENT(1)),
		JUMP(BPF_JEQ, FALLOC_FL_COLLAPSE_RANGE, 0, 1),
		REFUSE(EOPNOTSUPP),
		ALLOW,
	};
	struct utsname name;
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	bool is_nameless = argc > 1 && strcmp(argv[1], "--nameless") == 0;

	argv += is_nameless;
	if (argc - is_nameless < 2) {
		fprintf(stderr, "usage: oldkernel [--nameless] PROGRAM [ARGUMENT ...]\n");
		return 2;
	}
	if (!is_nameless && personality(PER_LINUX | UNAME26) < 0) {
		fprintf(stderr, "oldkernel: personality: %s\n", strerror(errno));
		return 126;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		fprintf(stderr, "oldkernel: no filter: %s\n", strerror(errno));
		return 126;
	}
	/* One that does not work would let every test pass. */
	if (syscall(SYS_getrandom, NULL, 0, 0) >= 0 || errno != ENOSYS || uname(&name) ||
	    (!is_nameless && strncmp(name.release, "2.6.", 4) != 0)) {
		fprintf(stderr, "oldkernel: the kernel is still a new one\n");
		return 126;
	}
	execv(argv[1], argv + 1);
	fprintf(stderr, "oldkernel: %s: %s\n", argv[1], strerror(errno));
	return 127;
}
