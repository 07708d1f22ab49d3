/* SPDX-License-Identifier: ISC */
/*
 * replay: gives each file of a corpus to a fuzz target, for compilers without a fuzzer.
 *
 * fuzz_NAME [FILE or FOLDER ...]; none: FUZZ_CORPORA/NAME, which must be there. Says how many
 * inputs there were. The last one that was begun is named when it ends badly.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/base/mem.h"

/* As libFuzzer's own limit. */
#define INPUT_MAX (1 << 20)

static uint8_t *read_input(const char *path, size_t *size)
{
	uint8_t *data = mem_alloc(INPUT_MAX);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, data, INPUT_MAX);

	if (got < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(EXIT_FAILURE);
	}
	(void)close(fd); /* nothing was written */
	*size = (size_t)got;
	/* To the byte, for those who watch what is read. */
	return mem_resize(data, *size ? *size : 1, 1);
}

static void replay(const char *path)
{
	size_t size;
	uint8_t *data = read_input(path, &size);

	/* Kept by who watches us if this is the end. */
	fprintf(stderr, "%s\n", path);
	(void)LLVMFuzzerTestOneInput(data, size);
	free(data);
}

static int compare(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static size_t replay_all(char *const *paths)
{
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, compare);
	const FTSENT *entry;
	size_t count = 0;

	while (tree && (errno = 0, entry = fts_read(tree)) != NULL) {
		if (entry->fts_info == FTS_F) {
			replay(entry->fts_path);
			count++;
		} else if (entry->fts_info == FTS_NS || entry->fts_info == FTS_ERR ||
			   entry->fts_info == FTS_DNR) {
			fprintf(stderr, "%s: %s\n", entry->fts_path, strerror(entry->fts_errno));
			exit(EXIT_FAILURE);
		}
	}
	if (!tree || errno || fts_close(tree)) {
		perror("fts");
		exit(EXIT_FAILURE);
	}
	return count;
}

static char *own_corpus(const char *program)
{
	const char *slash = strrchr(program, '/');
	const char *name = slash ? slash + 1 : program;

	if (strncmp(name, "fuzz_", 5) != 0) {
		fprintf(stderr, "%s is not named fuzz_NAME: which corpus?\n", program);
		exit(EXIT_FAILURE);
	}
	return mem_format(FUZZ_CORPORA "/%s", name + 5);
}

int main(int argc, char **argv)
{
	char *own[2] = { NULL, NULL };
	size_t count;

	if (argc < 2)
		own[0] = own_corpus(argv[0]);
	/* Every target must bear nothing at all. */
	(void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	count = replay_all(argc < 2 ? own : argv + 1);
	free(own[0]);
	printf("%zu inputs\n", count);
	if (count == 0)
		fprintf(stderr, "there are none\n");
	return count ? EXIT_SUCCESS : EXIT_FAILURE;
}
