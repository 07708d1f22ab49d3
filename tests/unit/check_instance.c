/* SPDX-License-Identifier: ISC */
/* instance, state, reason: what is written comes back, and nothing else is taken. */
#include "watchdog/model/instance.h"

#include <limits.h>
#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/model/reason.h"
#include "watchdog/model/state.h"

#define LONGEST "0123456789012345678901234567890123456789012345678901234567890123"

_Static_assert(sizeof(LONGEST) == WORKER_NAME_MAX + 1, "a name of the full length");

static const struct instance instances[] = {
	{ .name = "mail", .number = 1 },    { .name = "mail", .number = 0 },
	{ .name = "a.1", .number = 2 },	    { .name = "a.b.pid", .number = 10000 },
	{ .name = "prüfung", .number = 7 }, { .name = LONGEST, .number = INT_MAX },
};

START_TEST(comes_back_from_id)
{
	const struct instance *instance = &instances[_i];
	char id[INSTANCE_ID_SIZE];
	char name[WORKER_NAME_MAX + 1];
	int number;

	ck_assert(instance_from_id(instance_id(instance, id), name, &number));
	ck_assert_str_eq(name, instance->name);
	ck_assert_int_eq(number, instance->number);
}
END_TEST

START_TEST(comes_back_from_file)
{
	const struct instance *instance = &instances[_i];
	char file[INSTANCE_ID_SIZE + 4];
	char name[WORKER_NAME_MAX + 1];
	int number;

	instance_file(instance, ".pid", file, sizeof(file));
	ck_assert(instance_from_file(file, ".pid", name, &number));
	ck_assert_str_eq(name, instance->name);
	ck_assert_int_eq(number, instance->number);
	instance_file(instance, "", file, sizeof(file));
	ck_assert(instance_from_file(file, "", name, &number));
	ck_assert_str_eq(name, instance->name);
}
END_TEST

START_TEST(writes_both_forms)
{
	char id[INSTANCE_ID_SIZE];
	char file[INSTANCE_ID_SIZE + 4];

	ck_assert_str_eq(instance_id(&instances[0], id), "mail:1");
	ck_assert_str_eq(instance_file(&instances[0], ".pid", file, sizeof(file)), "mail.1.pid");
}
END_TEST

static const char *const no_files[] = {
	"",
	".pid",
	"mail.pid",
	".1.pid",
	"mail.1",
	"mail.01.pid",
	"mail.1.pi",
	"mail..pid",
	"mail.-1.pid",
	"mail.+1.pid",
	"mail.1 .pid",
	"mail.1.pid~",
	"mail.x.pid",
	"mail.2147483648.pid",
	"mail.99999999999.pid",
	"-a.1.pid",
	"..1.pid",
	".mail.1.pid.swp",
	"ma il.1.pid",
	LONGEST "x.1.pid",
	"mail.-0.pid",
	"mail:1.pid",
};

START_TEST(refuses_other_files)
{
	char name[WORKER_NAME_MAX + 1];
	int number;

	ck_assert(!instance_from_file(no_files[_i], ".pid", name, &number));
}
END_TEST

static const char *const no_ids[] = {
	"",	    ":",      ":1",	 "mail",   "mail:",   "mail:01",	 "mail:-1",
	"mail:1:2", "mail:x", "mail:1 ", "mail:*", "@mail:1", "mail:2147483648", LONGEST "x:1",
};

START_TEST(refuses_other_ids)
{
	char name[WORKER_NAME_MAX + 1];
	int number;

	ck_assert(!instance_from_id(no_ids[_i], name, &number));
}
END_TEST

START_TEST(names_reasons)
{
	ck_assert_int_eq(reason_from_name(reason_name((enum reason)_i)), _i);
}
END_TEST

START_TEST(knows_no_other_names)
{
	ck_assert_int_eq(reason_from_name("OOM"), -1);
	ck_assert_int_eq(reason_from_name(""), -1);
	ck_assert_str_eq(state_name(STATE_RUNNING), "RUNNING");
	ck_assert_str_eq(reason_name(REASON_HOST_REBOOTED), "host_rebooted");
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *suite(void)
{
	Suite *suite = suite_create("instance");
	TCase *tcase = tcase_create("instance");

	tcase_add_loop_test(tcase, comes_back_from_id, 0, COUNT(instances));
	tcase_add_loop_test(tcase, comes_back_from_file, 0, COUNT(instances));
	tcase_add_test(tcase, writes_both_forms);
	tcase_add_loop_test(tcase, refuses_other_files, 0, COUNT(no_files));
	tcase_add_loop_test(tcase, refuses_other_ids, 0, COUNT(no_ids));
	tcase_add_loop_test(tcase, names_reasons, 0, REASON_COUNT);
	tcase_add_test(tcase, knows_no_other_names);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
