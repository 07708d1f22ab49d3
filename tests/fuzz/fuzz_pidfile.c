/* SPDX-License-Identifier: ISC */
/* A pidfile: refused, or a process that may be one, and the same when it is written and read again.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pidfiles/pidfile.h"
#include "tests/fuzz/fuzz.h"

static void check_again(const struct pidfile *pidfile)
{
	char text[PIDFILE_MAX + 1];
	struct pidfile again;
	int len = pidfile_format(pidfile, text, sizeof(text));

	FUZZ_CHECK(len > 0 && (size_t)len < sizeof(text));
	FUZZ_CHECK(pidfile_parse(text, (size_t)len, &again) == 0);
	FUZZ_CHECK(again.id.pid == pidfile->id.pid);
	FUZZ_CHECK(strcmp(again.id.boot_id, pidfile->id.boot_id) == 0);
	FUZZ_CHECK(again.id.pid_namespace == pidfile->id.pid_namespace);
	FUZZ_CHECK(again.id.time_namespace == pidfile->id.time_namespace);
	FUZZ_CHECK(again.id.start_ticks == pidfile->id.start_ticks);
	FUZZ_CHECK(again.id.pidfd_inode == pidfile->id.pidfd_inode);
	FUZZ_CHECK(again.definition == pidfile->definition);
	FUZZ_CHECK(again.started_wall_ms == pidfile->started_wall_ms);
	FUZZ_CHECK(again.is_starter == pidfile->is_starter);
}

static void check_foreign(const uint8_t *data, size_t size)
{
	char *path = fuzz_path("foreign.pid");
	pid_t pid;

	fuzz_write("foreign.pid", data, size);
	if (pidfile_read_foreign(path, geteuid(), &pid) == 0)
		FUZZ_CHECK(size <= 64 && pid >= 2 && pid <= 1 << 22);
	free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct pidfile pidfile;

	if (pidfile_parse(text, size, &pidfile) == 0) {
		FUZZ_CHECK(size <= PIDFILE_MAX);
		FUZZ_CHECK(pidfile.id.pid >= 2 && pidfile.id.pid <= 1 << 22);
		FUZZ_CHECK(!pidfile.id.boot_id[0] ||
			   procid_is_boot_id(pidfile.id.boot_id, strlen(pidfile.id.boot_id)));
		FUZZ_CHECK(!pidfile_is_proof(&pidfile) ||
			   (pidfile.id.boot_id[0] && pidfile.id.start_ticks));
		check_again(&pidfile);
	}
	check_foreign(data, size);
	free(text);
	return 0;
}
