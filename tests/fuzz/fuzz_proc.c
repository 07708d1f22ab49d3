/* SPDX-License-Identifier: ISC */
/* The files of a process in /proc, each with the same text: refused, or numbers that can be. A
 * process names itself as it likes. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pidfiles/proc.h"
#include "tests/fuzz/fuzz.h"

#define PID 77

static struct proc proc = PROC_INIT;

static void open_proc(void)
{
	char *path = fuzz_path("77");

	if (proc.dirfd < 0) {
		FUZZ_CHECK(mkdir(path, 0700) == 0);
		FUZZ_CHECK(proc_open(&proc, fuzz_dir(), false) == 0);
	}
	free(path);
}

static void check_stat(const char *text, size_t size)
{
	struct procstat stat;

	if (procstat_parse(text, size, &stat))
		return;
	FUZZ_CHECK(memchr(text, ')', size) != NULL);
	FUZZ_CHECK(stat.pid > 0 && stat.state != '\0');
	(void)procstat_has_ended(&stat);
	(void)procstat_is_kernel_thread(&stat);
}

static void check_files(void)
{
	struct procstat stat;
	int64_t bytes;
	uid_t uid;
	pid_t tgid;
	char value[32];

	if (proc_stat(&proc, PID, &stat) == 0)
		FUZZ_CHECK(stat.pid == PID);
	(void)proc_uid(&proc, PID, &uid);
	if (proc_tgid(&proc, PID, &tgid) == 0)
		FUZZ_CHECK(tgid >= 0);
	if (proc_rss_bytes(&proc, PID, &bytes) == 0)
		FUZZ_CHECK(bytes >= 0);
	if (proc_rollup_bytes(&proc, PID, PROC_ROLLUP_PSS, &bytes) == 0)
		FUZZ_CHECK(bytes >= 0);
	if (proc_rollup_bytes(&proc, PID, PROC_ROLLUP_USS, &bytes) == 0)
		FUZZ_CHECK(bytes >= 0);
	if (proc_getenv(&proc, PID, "CRONHERD_ID", value, sizeof(value)) == 0)
		FUZZ_CHECK(memchr(value, '\0', sizeof(value)) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "77/stat",	   "77/status",	      "77/statm",
					     "77/environ", "77/smaps_rollup", "77/smaps" };
	char *text = fuzz_text(data, size);

	open_proc();
	check_stat(text, size);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		fuzz_write(names[i], data, size);
	check_files();
	free(text);
	return 0;
}
