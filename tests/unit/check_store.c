/* SPDX-License-Identifier: ISC */
/* store: lease, holds, exit notes, complaints, the slot cache: what is on disk, and what is made of it when it is not. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/check_main.h"
#include "tests/unit/tempdir.h"
#include "watchdog/store/exitnote.h"
#include "watchdog/store/holds.h"
#include "watchdog/store/lease.h"
#include "watchdog/store/recordfile.h"
#include "watchdog/store/said.h"
#include "watchdog/store/slotcache.h"
#include "watchdog/store/statedir.h"

#define NOW_MS	  INT64_C(1700000000000)
#define MINUTE_MS INT64_C(60000)

static char *temp;
static char state_path[512];
static char pidfile_path[512];
static struct statedir dir;
static struct err err;

static void set_up(void)
{
	temp = tempdir_make();
	(void)snprintf(state_path, sizeof(state_path), "%s/a/b/state", temp);
	(void)snprintf(pidfile_path, sizeof(pidfile_path), "%s/run/pidfiles", temp);
	ck_assert_msg(statedir_open(&dir, state_path, pidfile_path, false, &err) == 0, "%s",
		      err.text);
}

static void tear_down(void)
{
	statedir_close(&dir);
	tempdir_remove(temp);
}

/* ---- statedir ----------------------------------------------------------------------------- */

START_TEST(rooms_are_made_private)
{
	struct stat st;

	ck_assert_int_eq(fstat(dir.fd, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	ck_assert_int_ge(dir.holds_fd, 0);
	ck_assert_int_ge(dir.pidfiles_fd, 0);
}
END_TEST

START_TEST(open_to_others_is_refused)
{
	struct statedir other;

	ck_assert_int_eq(fchmod(dir.fd, 0770), 0);
	ck_assert_int_eq(statedir_open(&other, state_path, pidfile_path, false, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "chmod go-w"));
	statedir_close(&other);
}
END_TEST

START_TEST(reading_makes_nothing)
{
	struct statedir other;
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/none", temp);
	ck_assert_int_eq(statedir_open(&other, path, path, true, &err), 0);
	ck_assert_int_eq(other.fd, -1);
	ck_assert_int_eq(access(path, F_OK), -1);
	statedir_close(&other);
}
END_TEST

/* ---- records ------------------------------------------------------------------------------ */

START_TEST(corrupt_record_is_told_from_none)
{
	struct instance instance = { .name = "wörker.1", .number = 2 };
	struct record record = RECORD_INIT;
	struct record read;
	int fd;

	ck_assert_int_eq(recordfile_read(&dir, &instance, &read), 0);
	record.state = STATE_RUNNING;
	ck_assert_int_eq(recordfile_write(&dir, &instance, &record), 0);
	ck_assert_int_eq(recordfile_read(&dir, &instance, &read), 0);
	ck_assert_int_eq(read.state, STATE_RUNNING);
	fd = openat(dir.records_fd, "wörker.1.2", O_WRONLY | O_TRUNC);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(recordfile_read(&dir, &instance, &read), -EBADMSG);
	ck_assert_int_eq(read.state, STATE_STOPPED);
	ck_assert_int_eq(recordfile_remove(&dir, &instance), 0);
	ck_assert_int_eq(recordfile_remove(&dir, &instance), 0);
}
END_TEST

/* ---- holds -------------------------------------------------------------------------------- */

static void touch(const char *name, const char *text)
{
	int fd = openat(dir.holds_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

#define BOOT	    "5def0893-2961-4046-991a-2d4330e2a835"
#define ANOTHER_BOOT "5def0893-2961-4046-991a-2d4330e2a836"

static bool is_held_in(const char *name, int number, int64_t now_ms, const char *boot, uint64_t ticks)
{
	struct instance instance = { .name = name, .number = number };
	struct holds_now now = { .wall_ms = now_ms, .boot.init_ticks = ticks };
	struct holds holds;
	bool held;

	(void)snprintf(now.boot.id, sizeof(now.boot.id), "%s", boot);
	ck_assert_int_eq(holds_read(&holds, &dir, &now, &err), 0);
	held = holds_find(&holds, &instance) != NULL;
	holds_free(&holds);
	if (name[0] != '.') /* is no worker's */
		ck_assert_int_eq(holds_ask(&dir, &instance, &now), held);
	return held;
}

static bool is_held(const char *name, int number, int64_t now_ms)
{
	return is_held_in(name, number, now_ms, BOOT, 7);
}

static void place(const char *target, int64_t until_ms, const char *boot, uint64_t ticks)
{
	struct hold hold = { .target = target, .by = "me", .until_wall_ms = until_ms, .boot.init_ticks = ticks };

	(void)snprintf(hold.boot.id, sizeof(hold.boot.id), "%s", boot);
	ck_assert_int_eq(holds_place(&dir, &hold, &err), 0);
}

START_TEST(an_empty_file_holds)
{
	touch("mail", "");
	ck_assert(is_held("mail", 1, NOW_MS));
	ck_assert(is_held("mail", 7, NOW_MS));
	ck_assert(!is_held("mails", 1, NOW_MS));
	touch("web:2", "");
	ck_assert(is_held("web", 2, NOW_MS));
	ck_assert(!is_held("web", 1, NOW_MS));
	touch("@all", "");
	ck_assert(is_held("web", 1, NOW_MS));
}
END_TEST

START_TEST(a_hold_expires)
{
	place("mail", NOW_MS + 10000, "", 0);
	ck_assert(is_held("mail", 1, NOW_MS + 9999));
	ck_assert(!is_held("mail", 1, NOW_MS + 10000));
	ck_assert_int_eq(holds_lift(&dir, "mail", &err), 0);
	ck_assert_int_eq(holds_lift(&dir, "mail", &err), 0);
	ck_assert(!is_held("mail", 1, NOW_MS));
}
END_TEST

START_TEST(a_hold_expires_with_the_boot)
{
	place("mail", 0, BOOT, 7);
	ck_assert(is_held_in("mail", 1, NOW_MS, BOOT, 7));
	ck_assert(!is_held_in("mail", 1, NOW_MS, ANOTHER_BOOT, 7));
	/* A container of the same boot, begun anew. */
	ck_assert(!is_held_in("mail", 1, NOW_MS, BOOT, 8));
	/* Where pid 1 cannot be seen, the boot has to do. */
	ck_assert(is_held_in("mail", 1, NOW_MS, BOOT, 0));
	ck_assert(!is_held_in("mail", 1, NOW_MS, ANOTHER_BOOT, 0));
}
END_TEST

START_TEST(a_hold_with_two_ends_expires_with_the_later)
{
	place("mail", NOW_MS + 10000, BOOT, 7);
	ck_assert(is_held_in("mail", 1, NOW_MS + 10000, BOOT, 7));
	ck_assert(is_held_in("mail", 1, NOW_MS, BOOT, 8));
	ck_assert(!is_held_in("mail", 1, NOW_MS + 10000, BOOT, 8));
}
END_TEST

START_TEST(a_boot_that_is_none_is_no_end)
{
	touch("mail", "boot tomorrow 7\n");
	ck_assert(is_held("mail", 1, NOW_MS));
	touch("mail", "boot " BOOT "\n");
	ck_assert(is_held_in("mail", 1, NOW_MS, ANOTHER_BOOT, 7));
	touch("mail", "boot " BOOT "0000000000000000000000000000 7\n");
	ck_assert(is_held_in("mail", 1, NOW_MS, ANOTHER_BOOT, 7));
}
END_TEST

START_TEST(what_cannot_be_read_holds)
{
	touch("mail", "until never\nby\n\x01\xff\n");
	ck_assert(is_held("mail", 1, NOW_MS));
	ck_assert_int_eq(symlinkat("/etc/passwd", dir.holds_fd, "web"), 0);
	ck_assert(is_held("web", 1, NOW_MS));
	touch(".tmp-x", "");
	ck_assert(!is_held(".tmp-x", 1, NOW_MS));
}
END_TEST

/* ---- exit notes --------------------------------------------------------------------------- */

START_TEST(notes_come_back)
{
	struct exitinfo info = { .boot_ms = 5, .wall_ms = 6, .peak_rss_bytes = 7, .cpu_ms = 8 };
	struct exitinfo read;

	ck_assert_int_eq(exitnote_write(dir.exits_fd, 42, 100, "w:1", SIGKILL, &info), 0);
	exitnote_read(dir.exits_fd, 42, 101, &read);
	ck_assert(!read.known);
	exitnote_read(dir.exits_fd, 42, 100, &read);
	ck_assert(read.known);
	ck_assert_int_eq(read.signal, SIGKILL);
	ck_assert_int_eq(read.code, -1);
	ck_assert_int_eq(read.boot_ms, 5);
	ck_assert_int_eq(read.peak_rss_bytes, 7);
	ck_assert_int_eq(exitnote_write(dir.exits_fd, 42, 100, "w:1", 3 << 8, &info), 0);
	exitnote_read(dir.exits_fd, 42, 100, &read);
	ck_assert_int_eq(read.code, 3);
	ck_assert_int_eq(read.signal, 0);
	exitnote_remove(dir.exits_fd, 42, 100);
	exitnote_read(dir.exits_fd, 42, 100, &read);
	ck_assert(!read.known);
}
END_TEST

START_TEST(garbage_notes_say_nothing)
{
	static const char *const texts[] = { "", "cronherd-exit 1 9", "cronherd-exit 2 9 1 1 1 1\n",
					     "cronherd-exit 1 x 1 1 1 1\n",
					     "cronherd-exit 1 9 1 1 1 1" };
	struct exitinfo read;
	int fd = openat(dir.exits_fd, "42-100", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, texts[_i], strlen(texts[_i])), (ssize_t)strlen(texts[_i]));
	close(fd);
	exitnote_read(dir.exits_fd, 42, 100, &read);
	ck_assert(!read.known);
}
END_TEST

/* By link or by note; what is neither is passed over. */
START_TEST(all_that_are_announced)
{
	struct exitinfo info = EXITINFO_INIT;
	struct exitnotes notes = EXITNOTES_INIT;
	const struct exitnotes_item *item;
	static const char *const odd[] = { "x", "7-", "-7-7", "07-7", "7-7x", "7-99999999999999999999" };

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		ck_assert_int_eq(symlinkat("w:1", dir.exits_fd, odd[i]), 0);
	ck_assert_int_eq(exitnote_expect(dir.exits_fd, 42, 100, "w:1"), 0);
	ck_assert_int_eq(exitnote_expect(dir.exits_fd, 43, 200, "w:2"), 0);
	ck_assert_int_eq(exitnote_expect(dir.exits_fd, 44, 300, "w:1"), 0);
	ck_assert_int_eq(exitnote_write(dir.exits_fd, 44, 300, "w:1", SIGKILL, &info), 0);
	exitnotes_read(&notes, dir.exits_fd);
	ck_assert_uint_eq(notes.count, 3);
	item = exitnotes_latest(&notes, "w:1", 0);
	ck_assert_ptr_nonnull(item);
	ck_assert_int_eq(item->pid, 44);
	ck_assert_ptr_null(exitnotes_latest(&notes, "w:1", 300));
	ck_assert_int_eq(exitnotes_latest(&notes, "w:2", 199)->pid, 43);
	ck_assert_ptr_null(exitnotes_latest(&notes, "w:3", 0));
	exitnotes_free(&notes);
	ck_assert(!notes.is_read);
}
END_TEST

START_TEST(old_notes_are_swept)
{
	struct exitinfo info = EXITINFO_INIT;
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct exitinfo read;

	ck_assert_int_eq(exitnote_write(dir.exits_fd, 42, 100, "w:1", 0, &info), 0);
	ck_assert_int_eq(exitnote_write(dir.exits_fd, 43, 100, "w:1", 0, &info), 0);
	ck_assert_int_eq(utimensat(dir.exits_fd, "42-100", old, 0), 0);
	exitnote_sweep(dir.exits_fd, 86400);
	exitnote_read(dir.exits_fd, 42, 100, &read);
	ck_assert(!read.known);
	exitnote_read(dir.exits_fd, 43, 100, &read);
	ck_assert(read.known);
}
END_TEST

/* ---- lease -------------------------------------------------------------------------------- */

static struct lease lease_at(const char *host, const char *boot, uint64_t pidns, uint64_t timens)
{
	struct lease lease = { .life_wall_ms = NOW_MS - MINUTE_MS, .interval_ms = MINUTE_MS };

	(void)snprintf(lease.host, sizeof(lease.host), "%s", host);
	(void)snprintf(lease.place.boot_id, sizeof(lease.place.boot_id), "%s", boot);
	lease.place.pid_namespace = pidns;
	lease.place.time_namespace = timens;
	return lease;
}

START_TEST(whose_herd)
{
	struct lease ours = lease_at("h", "b", 1, 1);
	struct lease same = lease_at("h", "b", 1, 1);
	struct lease rebooted = lease_at("h", "a", 9, 1);
	struct lease other_host = lease_at("g", "a", 1, 1);
	struct lease container = lease_at("h", "b", 2, 1);
	struct lease beside = lease_at("g", "b", 2, 1);
	struct lease time_namespace = lease_at("h", "b", 1, 2);

	ck_assert_int_eq(lease_judge(&same, &ours, 0, NOW_MS), LEASE_OURS);
	ck_assert_int_eq(lease_judge(&rebooted, &ours, 0, NOW_MS), LEASE_INHERITED);
	ck_assert_int_eq(lease_judge(&other_host, &ours, 0, NOW_MS), LEASE_FOREIGN);
	ck_assert_int_eq(lease_judge(&time_namespace, &ours, NOW_MS, NOW_MS), LEASE_FOREIGN);
	ck_assert_int_eq(lease_judge(&container, &ours, 0, NOW_MS), LEASE_FOREIGN);
	/* Its last round was before our own container began: its container is gone. */
	ck_assert_int_eq(lease_judge(&container, &ours, NOW_MS - 1000, NOW_MS), LEASE_INHERITED);
	ck_assert_int_eq(lease_judge(&container, &ours, NOW_MS - 2 * MINUTE_MS, NOW_MS),
			 LEASE_FOREIGN);
	/* But not where it is called otherwise: that may run beside us. */
	ck_assert_int_eq(lease_judge(&beside, &ours, NOW_MS - 1000, NOW_MS), LEASE_FOREIGN);
}
END_TEST

START_TEST(silence_lets_it_lapse)
{
	struct lease ours = lease_at("h", "b", 1, 1);
	struct lease other = lease_at("g", "a", 1, 1);

	other.life_wall_ms = NOW_MS - 5 * MINUTE_MS;
	ck_assert_int_eq(lease_judge(&other, &ours, 0, NOW_MS), LEASE_FOREIGN);
	ck_assert_int_eq(lease_judge(&other, &ours, 0, NOW_MS + 1), LEASE_INHERITED);
	other.interval_ms = 60 * MINUTE_MS;
	ck_assert_int_eq(lease_judge(&other, &ours, 0, NOW_MS + 1), LEASE_FOREIGN);
	other.interval_ms = 0; /* not known: the rarest cron there is */
	ck_assert_int_eq(lease_judge(&other, &ours, 0, NOW_MS + 60 * MINUTE_MS), LEASE_FOREIGN);
	other.life_wall_ms = NOW_MS + 60 * MINUTE_MS; /* a clock that was set back */
	ck_assert_int_eq(lease_judge(&other, &ours, 0, NOW_MS), LEASE_FOREIGN);
}
END_TEST

START_TEST(a_released_lease_is_anybodys)
{
	struct lease theirs = lease_at("g", BOOT, 2, 1);
	struct lease ours = lease_at("h", BOOT, 1, 1);
	struct lease read;

	ck_assert_int_eq(lease_take(&dir, &theirs, &err), 0);
	ck_assert_int_eq(lease_read(&dir, &read), 0);
	ck_assert_int_eq(lease_judge(&read, &ours, 0, clock_read().wall_ms), LEASE_FOREIGN);
	ck_assert_int_eq(lease_release(&dir), 0);
	ck_assert_int_eq(lease_read(&dir, &read), 0);
	ck_assert_int_eq(lease_judge(&read, &ours, 0, clock_read().wall_ms), LEASE_INHERITED);
	ck_assert_int_eq(lease_judge(&read, &theirs, 0, clock_read().wall_ms), LEASE_OURS);
	ck_assert_int_eq(read.round_end_wall_ms, 0);
}
END_TEST

START_TEST(lease_comes_back)
{
	struct lease ours = lease_at("h", "11111111-2222-3333-4444-555555555555", 5, 6);
	struct lease read;
	int fd;

	ck_assert_int_eq(lease_read(&dir, &read), -ENOENT);
	ck_assert_int_eq(lease_take(&dir, &ours, &err), 0);
	ck_assert_int_eq(lease_read(&dir, &read), 0);
	ck_assert_int_eq(read.round_end_wall_ms, 0);
	ck_assert_int_gt(read.life_wall_ms, 0);
	ck_assert_int_eq(lease_touch(&dir, NOW_MS, NOW_MS + 7), 0);
	ck_assert_int_eq(lease_read(&dir, &read), 0);
	ck_assert_str_eq(read.host, "h");
	ck_assert_str_eq(read.place.boot_id, ours.place.boot_id);
	ck_assert_int_eq(read.place.pid_namespace, 5);
	ck_assert_int_eq(read.place.time_namespace, 6);
	ck_assert_int_eq(read.interval_ms, MINUTE_MS);
	ck_assert_int_eq(read.round_start_wall_ms, NOW_MS);
	ck_assert_int_eq(read.round_end_wall_ms, NOW_MS + 7);
	fd = openat(dir.fd, "lease", O_WRONLY | O_TRUNC);
	close(fd);
	ck_assert_int_eq(lease_read(&dir, &read), -EBADMSG);
}
END_TEST

/* ---- said --------------------------------------------------------------------------------- */

static bool says(const char *text, int dir_fd)
{
	struct said said;
	bool is_new;

	said_open(&said, dir_fd, temp);
	is_new = text && said_is_new(&said, text);
	said_write(&said);
	said_free(&said);
	return is_new;
}

START_TEST(said_once_until_it_passes)
{
	int dir_fd = _i ? dir.fd : -1; /* without a state directory the fallback serves */

	ck_assert(says("disk full", dir_fd));
	ck_assert(!says("disk full", dir_fd));
	ck_assert(says("something else", dir_fd));
	ck_assert(says("disk full", dir_fd));
	ck_assert(!says(NULL, dir_fd));
	ck_assert(says("disk full", dir_fd));
	ck_assert(!says(NULL, dir_fd));
	if (_i)
		ck_assert_int_eq(faccessat(dir.fd, "said", F_OK, 0), -1);
}
END_TEST

/* ---- slot cache --------------------------------------------------------------------------- */

/* How many entries the cache gives, all of which must be as they were written; 0: it is of no use. */
static size_t cached(uint64_t config)
{
	struct slotcache_stamp stamp = slotcache_stamp_of(&dir, config);
	const struct slotcache_entry *entry;
	struct slotcache_reader reader;
	char last[WORKER_NAME_MAX + 8] = "";
	size_t given = 0;
	bool is_whole;

	if (!slotcache_open(&reader, &dir, &stamp))
		return 0;
	for (; (entry = slotcache_next(&reader)); given++)
		memcpy(last, entry->name, sizeof(last));
	is_whole = slotcache_is_whole(&reader);
	slotcache_close(&reader);
	if (!is_whole)
		return 0;
	ck_assert_uint_eq(given, reader.count);
	ck_assert_str_eq(last, "b");
	return reader.is_same_config ? given : 0;
}

START_TEST(slots_are_remembered_until_anything_changes)
{
	struct slotcache_entry entries[2] = { { .name = "a", .number = 1, .record = RECORD_INIT },
					      { .name = "b", .number = 2, .record = RECORD_INIT } };
	struct slotcache_stamp stamp = slotcache_stamp_of(&dir, 7);
	struct instance instance = { .name = "b", .number = 2 };
	struct record record = RECORD_INIT;

	ck_assert_uint_eq(cached(7), 0);
	slotcache_save(&dir, &stamp, entries, 2);
	ck_assert_uint_eq(cached(7), 2);
	ck_assert_uint_eq(cached(8), 0);
	ck_assert_int_eq(recordfile_write(&dir, &instance, &record), 0);
	ck_assert_uint_eq(cached(7), 0);
}
END_TEST

START_TEST(altered_slots_are_ignored)
{
	struct slotcache_entry entries[2] = { { .name = "a", .record = RECORD_INIT },
					      { .name = "b", .record = RECORD_INIT } };
	struct slotcache_stamp stamp = slotcache_stamp_of(&dir, 7);
	struct stat st;
	char byte;
	int fd;

	slotcache_save(&dir, &stamp, entries, 2);
	fd = openat(dir.fd, "slots.cache", O_RDWR);
	ck_assert_int_eq(fstat(fd, &st), 0);
	for (off_t at = 0; at < st.st_size; at += 13) {
		ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
		byte ^= 0x20;
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
		ck_assert_uint_eq(cached(7), 0);
		byte ^= 0x20;
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	}
	ck_assert_uint_eq(cached(7), 2);
	ck_assert_int_eq(ftruncate(fd, st.st_size - 1), 0);
	ck_assert_uint_eq(cached(7), 0);
	close(fd);
}
END_TEST

/* Another version of the program may have written it, with numbers that this one does not know. */
START_TEST(slots_of_what_cannot_be_are_ignored)
{
	struct slotcache_entry entries[2] = { { .name = "a", .record = RECORD_INIT },
					      { .name = "b", .record = RECORD_INIT } };
	struct slotcache_stamp stamp = slotcache_stamp_of(&dir, 7);

	slotcache_save(&dir, &stamp, entries, 2);
	ck_assert_uint_eq(cached(7), 2);
	entries[0].record.state = STATE_COUNT;
	slotcache_save(&dir, &stamp, entries, 2);
	ck_assert_uint_eq(cached(7), 0);
	entries[0].record.state = STATE_STOPPED;
	memset(entries[1].record.failure, 'x', sizeof(entries[1].record.failure));
	slotcache_save(&dir, &stamp, entries, 2);
	ck_assert_uint_eq(cached(7), 0);
}
END_TEST

/* More than are read at once. */
START_TEST(many_slots_come_in_their_order)
{
	struct slotcache_stamp stamp = slotcache_stamp_of(&dir, 7);
	const struct slotcache_entry *entry;
	struct slotcache_entry entries[100];
	struct slotcache_reader reader;

	memset(entries, 0, sizeof(entries));
	for (int i = 0; i < 100; i++) {
		entries[i].number = i;
		entries[i].record = (struct record)RECORD_INIT;
	}
	for (size_t all = 0; all <= 100; all += 4) {
		int next = 0;

		slotcache_save(&dir, &stamp, entries, all);
		ck_assert(slotcache_open(&reader, &dir, &stamp));
		ck_assert_uint_eq(reader.count, all);
		while ((entry = slotcache_next(&reader)))
			ck_assert_int_eq(entry->number, next++);
		ck_assert_int_eq(next, (int)all);
		ck_assert(slotcache_is_whole(&reader));
		slotcache_close(&reader);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("store");
	TCase *t = tcase_create("store");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, rooms_are_made_private);
	tcase_add_test(t, open_to_others_is_refused);
	tcase_add_test(t, reading_makes_nothing);
	tcase_add_test(t, corrupt_record_is_told_from_none);
	tcase_add_test(t, an_empty_file_holds);
	tcase_add_test(t, a_hold_expires);
	tcase_add_test(t, a_hold_expires_with_the_boot);
	tcase_add_test(t, a_hold_with_two_ends_expires_with_the_later);
	tcase_add_test(t, a_boot_that_is_none_is_no_end);
	tcase_add_test(t, what_cannot_be_read_holds);
	tcase_add_test(t, notes_come_back);
	tcase_add_loop_test(t, garbage_notes_say_nothing, 0, 5);
	tcase_add_test(t, all_that_are_announced);
	tcase_add_test(t, old_notes_are_swept);
	tcase_add_test(t, whose_herd);
	tcase_add_test(t, silence_lets_it_lapse);
	tcase_add_test(t, a_released_lease_is_anybodys);
	tcase_add_test(t, lease_comes_back);
	tcase_add_loop_test(t, said_once_until_it_passes, 0, 2);
	tcase_add_test(t, slots_are_remembered_until_anything_changes);
	tcase_add_test(t, altered_slots_are_ignored);
	tcase_add_test(t, slots_of_what_cannot_be_are_ignored);
	tcase_add_test(t, many_slots_come_in_their_order);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite())
