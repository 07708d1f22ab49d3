/* SPDX-License-Identifier: ISC */
/*
 * The small files of a state directory, each with the same text: lease, holds, scale, an exit note,
 * what was said. What is read can be used, and is the same when it is written and read again.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/store/exitnote.h"
#include "watchdog/store/holds.h"
#include "watchdog/store/lease.h"
#include "watchdog/store/said.h"
#include "watchdog/store/scales.h"

#define NOW_MS INT64_C(1700000000000)
#define BOOT   "01234567-89ab-cdef-0123-456789abcdef"

static struct statedir dir;

static void open_dir(void)
{
	struct err err = ERR_INIT;

	if (!dir.path)
		FUZZ_CHECK(statedir_open(&dir, fuzz_dir(), fuzz_dir(), false, &err) == 0);
}

static void check_lease(void)
{
	struct procid_host place = { .boot_id = BOOT };
	struct lease ours = lease_of(&place);
	struct lease theirs, again;
	struct err err = ERR_INIT;

	if (lease_read(&dir, &theirs))
		return;
	FUZZ_CHECK(memchr(theirs.host, '\0', sizeof(theirs.host)) != NULL);
	FUZZ_CHECK(theirs.interval_ms >= 0 && lease_lapse_ms(theirs.interval_ms) > 0);
	(void)lease_judge(&theirs, &ours, 0, NOW_MS);
	FUZZ_CHECK(lease_take(&dir, &theirs, &err) == 0);
	FUZZ_CHECK(lease_read(&dir, &again) == 0);
	FUZZ_CHECK(strcmp(theirs.host, again.host) == 0);
	FUZZ_CHECK(strcmp(theirs.place.boot_id, again.place.boot_id) == 0);
	FUZZ_CHECK(theirs.place.pid_namespace == again.place.pid_namespace);
	FUZZ_CHECK(theirs.interval_ms == again.interval_ms);
}

/* Written and read again, it holds as long. */
static void check_hold(const struct hold *hold, const struct holds_now *now)
{
	struct err err = ERR_INIT;
	struct holds again;

	FUZZ_CHECK(!hold_has_end(hold) || hold->until_wall_ms > now->wall_ms ||
		   strcmp(hold->boot.id, BOOT) == 0);
	FUZZ_CHECK(holds_place(&dir, hold, &err) == 0);
	FUZZ_CHECK(holds_read(&again, &dir, now, &err) == 0);
	FUZZ_CHECK(again.count == 1 && again.items[0].until_wall_ms == hold->until_wall_ms);
	FUZZ_CHECK(strcmp(again.items[0].boot.id, hold->boot.id) == 0);
	FUZZ_CHECK(again.items[0].boot.init_ticks == hold->boot.init_ticks);
	holds_free(&again);
}

static void check_holds(void)
{
	struct instance mail = { .name = "mail", .number = 1 };
	struct err err = ERR_INIT;
	struct holds_now now = { .wall_ms = NOW_MS, .boot = { .id = BOOT, .init_ticks = 7 } };
	struct holds holds;

	FUZZ_CHECK(holds_read(&holds, &dir, &now, &err) == 0);
	FUZZ_CHECK(holds.count <= 1);
	FUZZ_CHECK(holds_ask(&dir, &mail, &now) == (int)holds.count);
	FUZZ_CHECK((holds_find(&holds, &mail) != NULL) == (holds.count == 1));
	if (holds.count)
		check_hold(&holds.items[0], &now);
	holds_free(&holds);
}

static void check_scales(void)
{
	struct err err = ERR_INIT;
	struct scales scales, again;
	const char *why;

	FUZZ_CHECK(scales_read(&scales, &dir, &err) == 0);
	FUZZ_CHECK(scales_write(&scales, &dir, &err) == 0);
	FUZZ_CHECK(scales_read(&again, &dir, &err) == 0);
	FUZZ_CHECK(scales.count == again.count);
	for (size_t i = 0; i < scales.count; i++) {
		const struct scale *scale = &scales.items[i];
		const struct scale *same = scales_find(&again, scale->name);

		FUZZ_CHECK(worker_name_is_valid(scale->name, &why));
		FUZZ_CHECK(scales_find(&scales, scale->name) == scale);
		FUZZ_CHECK(same && same->numprocs == scale->numprocs);
		FUZZ_CHECK(strcmp(same->by, scale->by) == 0);
	}
	scales_free(&scales);
	scales_free(&again);
}

static void check_exit(void)
{
	struct exitnotes notes = EXITNOTES_INIT;
	struct exitinfo info;

	exitnotes_read(&notes, dir.exits_fd);
	for (size_t i = 0; i < notes.count; i++)
		FUZZ_CHECK(strlen(notes.items[i].id) < INSTANCE_ID_SIZE);
	exitnotes_free(&notes);
	exitnote_read(dir.exits_fd, 7, 8, &info);
	FUZZ_CHECK(!info.known || (info.code >= 0) != (info.signal > 0));
}

static void check_said(void)
{
	struct said said;

	said_open(&said, dir.fd, "fuzz");
	FUZZ_CHECK(said.before.count <= SAID_MAX);
	(void)said_is_new(&said, "x");
	said_free(&said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	open_dir();
	fuzz_write("lease", data, size);
	fuzz_write("holds/mail", data, size);
	fuzz_write("scale", data, size);
	fuzz_write("exits/7-8", data, size);
	fuzz_write("said", data, size);
	check_lease();
	check_holds();
	check_scales();
	check_exit();
	check_said();
	return 0;
}
