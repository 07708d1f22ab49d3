/* SPDX-License-Identifier: ISC */
/* sql: which files are opened and which are not, what kind of failure it was, what a hostile
 * database cannot do. */
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "tests/unit/check_main.h"
#include "tests/unit/journal_fixture.h"
#include "watchdog/journal/sql.h"

static char *path;
static struct sql *sql;

static void set_up(void)
{
	make_temp();
	path = mem_format("%s/x.db", temp);
	sql = NULL;
}

static void tear_down(void)
{
	sql_close(sql);
	free(path);
	remove_temp();
}

static void open_sql(void)
{
	ck_well(sql_open(&sql, path, SQL_WRITE, 5000, &err));
}

/* A database that any program of this user's may have left there. */
static void make_foreign(const char *script)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, script, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void check_refused(enum sql_access access, int sys_errno, const char *word)
{
	struct sql *other;

	ck_assert_int_eq(sql_open(&other, path, access, 100, &err), -1);
	sql_close(other);
	ck_assert_msg(err.sys_errno == sys_errno && strstr(err.text, word), "%s", err.text);
	ck_assert_ptr_nonnull(strstr(err.text, path));
}

/* ---- files -------------------------------------------------------------------------------- */

static void make_nothing(void)
{
}

static void make_link(void)
{
	char *target = mem_format("%s/target", temp);

	tempdir_file(temp, "target", "");
	ck_assert_int_eq(symlink(target, path), 0);
	free(target);
}

static void make_hard_link(void)
{
	char *target = mem_format("%s/target", temp);

	tempdir_file(temp, "target", "");
	ck_assert_int_eq(link(target, path), 0);
	free(target);
}

static void make_folder(void)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void make_fifo(void)
{
	ck_assert_int_eq(mkfifo(path, 0600), 0);
}

static void make_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_lt(snprintf(address.sun_path, sizeof(address.sun_path), "%s", path),
			 (int)sizeof(address.sun_path));
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static void make_open_to_others(void)
{
	tempdir_file(temp, "x.db", "");
	ck_assert_int_eq(chmod(path, 0666), 0);
}

static const struct odd {
	void (*make)(void);
	enum sql_access access;
	int sys_errno;
	const char *word;
} odds[] = {
	{ make_nothing, SQL_READ, SQL_ABSENT, "No such file" },
	{ make_nothing, SQL_SALVAGE, SQL_ABSENT, "No such file" },
	{ make_link, SQL_WRITE, 0, "no regular file" },
	{ make_link, SQL_READ, 0, "no regular file" },
	{ make_hard_link, SQL_WRITE, 0, "hard link" },
	{ make_folder, SQL_WRITE, 0, "no regular file" },
	{ make_folder, SQL_SALVAGE, 0, "no regular file" },
	{ make_fifo, SQL_WRITE, 0, "no regular file" },
	{ make_socket, SQL_READ, 0, "no regular file" },
	{ make_open_to_others, SQL_WRITE, 0, "chmod go-w" },
};

START_TEST(odd_files_are_refused)
{
	odds[_i].make();
	check_refused(odds[_i].access, odds[_i].sys_errno, odds[_i].word);
}
END_TEST

START_TEST(a_link_is_not_followed_by_its_target)
{
	char *target = mem_format("%s/target", temp);
	struct stat st;

	make_link();
	check_refused(SQL_WRITE, 0, "no regular file");
	ck_assert_int_eq(stat(target, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	free(target);
}
END_TEST

/* Only root can give a file away: for others /etc/passwd stands for one that was, and is neither
 * read nor written. */
START_TEST(another_users_is_refused)
{
	if (geteuid() == 0) {
		tempdir_file(temp, "x.db", "");
		ck_assert_int_eq(chown(path, 65534, 65534), 0);
	} else {
		free(path);
		path = mem_dup("/etc/passwd");
	}
	check_refused(SQL_WRITE, 0, "another user");
	check_refused(SQL_READ, 0, "another user");
}
END_TEST

START_TEST(a_missing_folder_is_named)
{
	free(path);
	path = mem_format("%s/none/x.db", temp);
	check_refused(SQL_WRITE, ENOENT, "No such file");
}
END_TEST

static const char *const contents[] = {
	"This is no database at all, but a text, which somebody has put here.", "SQLite format 3",
	NULL /* zeros */
};

START_TEST(garbage_is_corrupt)
{
	static const char zeros[8192];

	if (contents[_i])
		tempdir_file(temp, "x.db", contents[_i]);
	else
		tempdir_write(temp, "x.db", zeros, sizeof(zeros));
	check_refused(SQL_WRITE, SQL_CORRUPT, "corrupt");
}
END_TEST

/* ---- hostile databases -------------------------------------------------------------------- */

START_TEST(triggers_do_not_fire)
{
	int64_t count;

	make_foreign("CREATE TABLE a (x); CREATE TABLE b (x);"
		     "CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO b VALUES (1); END");
	open_sql();
	ck_well(sql_script(sql, "INSERT INTO a VALUES (1)", &err));
	ck_well(sql_ask(sql, "SELECT count(*) FROM b", &count, &err));
	ck_assert_int_eq(count, 0);
}
END_TEST

START_TEST(views_are_no_tables)
{
	int64_t count;

	make_foreign("CREATE VIEW a AS SELECT 1 AS x");
	open_sql();
	ck_assert_int_eq(sql_ask(sql, "SELECT x FROM a", &count, &err), -1);
	ck_assert_int_eq(err.sys_errno, SQL_CORRUPT);
	ck_assert(sql_is_corrupt(sql));
}
END_TEST

START_TEST(tables_that_are_not_there_are_corruption)
{
	make_foreign("CREATE TABLE a (x)");
	open_sql();
	ck_assert_ptr_null(sql_query(sql, "SELECT y FROM a", &err));
	ck_assert_int_eq(err.sys_errno, SQL_CORRUPT);
}
END_TEST

START_TEST(a_text_without_end_is_corruption)
{
	int64_t number;

	make_foreign("CREATE TABLE a (x); INSERT INTO a VALUES (zeroblob(3000000))");
	open_sql();
	ck_assert_int_eq(sql_ask(sql, "SELECT x FROM a", &number, &err), -1);
	ck_assert_int_eq(err.sys_errno, SQL_CORRUPT);
}
END_TEST

/* Write-ahead logging needs shared memory, which NFS has not. */
START_TEST(a_write_ahead_log_is_converted)
{
	char *log = mem_format("%s-wal", path);

	make_foreign("PRAGMA journal_mode = WAL; CREATE TABLE a (x)");
	open_sql();
	ck_well(sql_script(sql, "INSERT INTO a VALUES (1)", &err));
	ck_assert_int_eq(access(log, F_OK), -1);
	free(log);
}
END_TEST

/* ---- other processes ---------------------------------------------------------------------- */

/* A process that has the database locked until it is told. */
struct holder {
	pid_t pid;
	int release_fd;
};

static struct holder hold(const char *how)
{
	int ready[2], release[2];
	struct holder holder;
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(release), 0);
	holder.pid = fork();
	ck_assert_int_ge(holder.pid, 0);
	if (holder.pid == 0) {
		sqlite3 *db;

		close(release[1]);
		if (sqlite3_open(path, &db) || sqlite3_exec(db, how, NULL, NULL, NULL) ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		_exit(read(release[0], &byte, 1) < 0);
	}
	close(ready[1]);
	close(release[0]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	holder.release_fd = release[1];
	return holder;
}

static void let_go(struct holder *holder)
{
	int status;

	close(holder->release_fd);
	ck_assert_int_eq(waitpid(holder->pid, &status, 0), holder->pid);
	ck_assert_int_eq(status, 0);
}

START_TEST(a_lock_is_told)
{
	struct holder holder;
	int64_t number;

	make_foreign("CREATE TABLE a (x)");
	ck_well(sql_open(&sql, path, SQL_WRITE, 50, &err));
	holder = hold("BEGIN EXCLUSIVE");
	ck_assert_int_eq(sql_begin(sql, &err), -1);
	ck_assert_int_eq(err.sys_errno, SQL_LOCKED);
	ck_assert_ptr_nonnull(strstr(err.text, "locked"));
	ck_assert_int_eq(sql_ask(sql, "SELECT x FROM a", &number, &err), -1);
	ck_assert_int_eq(err.sys_errno, SQL_LOCKED);
	check_refused(SQL_WRITE, SQL_LOCKED, "locked");
	ck_assert(!sql_is_corrupt(sql));
	let_go(&holder);
	ck_well(sql_begin(sql, &err));
	ck_well(sql_commit(sql, &err));
}
END_TEST

START_TEST(readers_pass_a_writer)
{
	struct holder holder;
	int64_t number;

	make_foreign("CREATE TABLE a (x); INSERT INTO a VALUES (7)");
	ck_well(sql_open(&sql, path, SQL_READ, 50, &err));
	holder = hold("BEGIN IMMEDIATE; INSERT INTO a VALUES (8)");
	ck_well(sql_ask(sql, "SELECT count(*) FROM a", &number, &err));
	ck_assert_int_eq(number, 1);
	let_go(&holder);
}
END_TEST

/* ---- what cannot be written --------------------------------------------------------------- */

static struct rlimit full_limit;

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &full_limit), 0);
	limit = full_limit;
	limit.rlim_cur = bytes;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void lift_limit(void)
{
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &full_limit), 0);
}

START_TEST(a_full_disk_undoes_it_all)
{
	int64_t count;
	int status = 0;

	make_foreign("CREATE TABLE a (x); INSERT INTO a VALUES (1)");
	open_sql();
	limit_files((rlim_t[]){ 0, 4096, 10000, 20000 }[_i]);
	ck_well(sql_begin(sql, &err));
	for (int i = 0; i < 100 && status == 0; i++)
		status = sql_script(sql, "INSERT INTO a VALUES (zeroblob(1000))", &err);
	if (status == 0)
		status = sql_commit(sql, &err);
	else
		sql_rollback(sql);
	lift_limit();
	ck_assert_int_eq(status, -1);
	ck_assert_msg(err.sys_errno == SQL_FULL, "%s", err.text);
	ck_assert(!sql_is_within(sql));
	ck_assert(!sql_is_corrupt(sql));
	ck_well(sql_ask(sql, "SELECT count(*) FROM a", &count, &err));
	ck_assert_int_eq(count, 1);
	ck_well(sql_begin(sql, &err));
	ck_well(sql_script(sql, "INSERT INTO a VALUES (2)", &err));
	ck_well(sql_commit(sql, &err));
}
END_TEST

START_TEST(what_was_undone_is_not_committed)
{
	open_sql();
	ck_well(sql_begin(sql, &err));
	sql_rollback(sql);
	ck_assert_int_eq(sql_commit(sql, &err), -1);
	ck_assert(!sql_is_corrupt(sql));
}
END_TEST

START_TEST(what_was_replaced_is_told)
{
	char *other = mem_format("%s/other", temp);

	make_foreign("CREATE TABLE a (x)");
	open_sql();
	ck_assert(sql_is_current(sql));
	if (_i == 0) {
		ck_assert_int_eq(rename(path, other), 0);
		ck_assert_int_eq(sql_begin(sql, &err) ||
					 sql_script(sql, "INSERT INTO a VALUES (1)", &err),
				 1);
		sql_rollback(sql);
	} else {
		/* In the last moment: what was committed is in a file that nobody will look at. */
		ck_well(sql_begin(sql, &err));
		ck_well(sql_script(sql, "INSERT INTO a VALUES (1)", &err));
		ck_assert_int_eq(rename(path, other), 0);
		tempdir_file(temp, "x.db", "");
		ck_assert_int_eq(sql_commit(sql, &err), -1);
	}
	ck_assert_int_eq(err.sys_errno, SQL_REPLACED);
	ck_assert(!sql_is_current(sql));
	free(other);
}
END_TEST

/* Root may write everything: for it the whole of a read-only mount would be needed, so it becomes
 * another here. */
START_TEST(what_cannot_be_written_is_told)
{
	pid_t child;
	int status;

	make_foreign("CREATE TABLE a (x)");
	if (geteuid() == 0)
		ck_assert_int_eq(chown(path, 65534, 65534) || chown(temp, 65534, 65534), 0);
	ck_assert_int_eq(chmod(path, 0400), 0);
	ck_assert_int_eq(chmod(temp, 0500), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		bool is_told;

		if (geteuid() == 0 && setuid(65534))
			_exit(2);
		is_told = sql_open(&sql, path, SQL_WRITE, 50, &err) == 0 &&
			  sql_begin(sql, &err) == -1 && err.sys_errno == SQL_READ_ONLY &&
			  strstr(err.text, "cannot be written");
		if (!is_told)
			fprintf(stderr, "%s\n", err.text);
		_exit(!is_told);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(chmod(temp, 0700), 0);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* ---- statements --------------------------------------------------------------------------- */

START_TEST(a_failure_is_passed_on)
{
	struct sql_query *query;

	open_sql();
	query = sql_query(sql, "SELECT nonsense", &err);
	ck_assert_ptr_null(query);
	sql_put(query, 1);
	sql_put_text(query, "x");
	sql_release(query);
	ck_assert_int_eq(sql_step(query, &err), -1);
	ck_assert_int_eq(sql_run(query, &err), -1);
}
END_TEST

START_TEST(values_come_back)
{
	static const char text[] = "SELECT ?, ?, ?";
	struct sql_query *query;

	open_sql();
	for (int i = 0; i < 2; i++) {
		query = sql_query(sql, text, &err);
		sql_put(query, INT64_MIN);
		sql_put_text(query, "\xff\x01 ü");
		sql_put_text(query, NULL);
		ck_assert_int_eq(sql_step(query, &err), 1);
		ck_assert(sql_number(query, 0) == INT64_MIN);
		ck_assert_str_eq(sql_text(query, 1), "\xff\x01 ü");
		ck_assert_str_eq(sql_text(query, 2), "");
		ck_assert_int_eq(sql_step(query, &err), 0);
	}
	/* What was given before is not there any more. */
	query = sql_query(sql, text, &err);
	ck_assert_int_eq(sql_step(query, &err), 1);
	ck_assert(sql_number(query, 0) == 0);
	sql_release(query);
	/* One parameter too many. */
	query = sql_query(sql, "SELECT 1", &err);
	sql_put(query, 1);
	ck_assert_int_eq(sql_step(query, &err), -1);
}
END_TEST

START_TEST(nothing_asked_is_nothing)
{
	int64_t number = 7;

	open_sql();
	ck_well(sql_ask(sql, "SELECT 1 WHERE 0", &number, &err));
	ck_assert_int_eq(number, 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("sql");
	TCase *tests = tcase_create("all");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, odd_files_are_refused, 0, sizeof(odds) / sizeof(odds[0]));
	tcase_add_test(tests, a_link_is_not_followed_by_its_target);
	tcase_add_test(tests, another_users_is_refused);
	tcase_add_test(tests, a_missing_folder_is_named);
	tcase_add_loop_test(tests, garbage_is_corrupt, 0, sizeof(contents) / sizeof(contents[0]));
	tcase_add_test(tests, triggers_do_not_fire);
	tcase_add_test(tests, views_are_no_tables);
	tcase_add_test(tests, tables_that_are_not_there_are_corruption);
	tcase_add_test(tests, a_text_without_end_is_corruption);
	tcase_add_test(tests, a_write_ahead_log_is_converted);
	tcase_add_test(tests, a_lock_is_told);
	tcase_add_test(tests, readers_pass_a_writer);
	tcase_add_loop_test(tests, a_full_disk_undoes_it_all, 0, 4);
	tcase_add_test(tests, what_was_undone_is_not_committed);
	tcase_add_loop_test(tests, what_was_replaced_is_told, 0, 2);
	tcase_add_test(tests, what_cannot_be_written_is_told);
	tcase_add_test(tests, a_failure_is_passed_on);
	tcase_add_test(tests, values_come_back);
	tcase_add_test(tests, nothing_asked_is_nothing);
	suite_add_tcase(suite, tests);
	return suite;
}

CHECK_MAIN(make_suite())
