/* SPDX-License-Identifier: ISC */
/* slots.cache, altered by somebody who knows its checksum: none, or entries that can be used as
 * those of the files are. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/base/hash.h"
#include "watchdog/base/mem.h"
#include "watchdog/store/slotcache.h"

/* As slotcache.c writes it: six words, of which the second is the checksum of what is behind them.
 */
#define WORDS 6

static struct statedir dir;
static const struct slotcache_stamp stamp_of_input = { .config = 7 };

static void open_dir(void)
{
	struct err err = ERR_INIT;

	if (!dir.path)
		FUZZ_CHECK(statedir_open(&dir, fuzz_dir(), fuzz_dir(), false, &err) == 0);
}

static void check(const struct slotcache_entry *entry)
{
	char text[RECORD_TEXT_MAX];
	char pidfile[PIDFILE_MAX + 1];
	struct record again;
	size_t len;

	FUZZ_CHECK(memchr(entry->name, '\0', sizeof(entry->name)) != NULL);
	FUZZ_CHECK(memchr(entry->record.boot_id, '\0', sizeof(entry->record.boot_id)) != NULL);
	FUZZ_CHECK(memchr(entry->record.failure, '\0', sizeof(entry->record.failure)) != NULL);
	FUZZ_CHECK(memchr(entry->pidfile.id.boot_id, '\0', PROCID_BOOT_SIZE) != NULL);
	len = record_format(&entry->record, text, sizeof(text));
	FUZZ_CHECK(len > 0 && len < sizeof(text));
	FUZZ_CHECK(record_parse(text, len, &again) == 0);
	(void)pidfile_format(&entry->pidfile, pidfile, sizeof(pidfile));
}

static void load(const struct slotcache_stamp *stamp)
{
	const struct slotcache_entry *entry;
	struct slotcache_reader reader;
	size_t given = 0;

	if (!slotcache_open(&reader, &dir, stamp))
		return;
	for (; (entry = slotcache_next(&reader)); given++)
		check(entry);
	FUZZ_CHECK(given <= reader.count);
	FUZZ_CHECK(!slotcache_is_whole(&reader) || given == reader.count);
	slotcache_close(&reader);
}

/* The good file of two entries, the input over it, a right checksum. */
static void write_altered(const uint8_t *data, size_t size, const struct slotcache_stamp *stamp)
{
	struct slotcache_entry entries[2];
	size_t len = WORDS * 8 + sizeof(entries);
	char *whole = mem_alloc(len);
	uint64_t *words = (uint64_t *)(void *)whole;
	struct fuzz_input input = { .at = data, .end = data + size };
	int fd;

	memset(entries, 0, sizeof(entries));
	for (int i = 0; i < 2; i++) {
		entries[i].record = (struct record)RECORD_INIT;
		memcpy(entries[i].name, "mail", 4);
	}
	slotcache_save(&dir, stamp, entries, 2);
	fd = openat(dir.fd, "slots.cache", O_RDONLY | O_CLOEXEC);
	FUZZ_CHECK(fd >= 0 && read(fd, whole, len) == (ssize_t)len && close(fd) == 0);
	while (input.at < input.end) {
		size_t at = (size_t)fuzz_byte(&input) << 8;

		at |= fuzz_byte(&input);
		whole[WORDS * 8 + at % sizeof(entries)] = (char)fuzz_byte(&input);
	}
	words[1] = hash_block(HASH_INIT, words + WORDS, sizeof(entries) / 8);
	fuzz_write("slots.cache", whole, len);
	free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	open_dir();
	fuzz_write("slots.cache", data, size);
	load(&stamp_of_input);
	write_altered(data, size, &stamp_of_input);
	load(&stamp_of_input);
	return 0;
}
