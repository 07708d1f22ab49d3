/* SPDX-License-Identifier: ISC */
#include "watchdog/journal/sql.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/base/mem.h"

/* Nothing that we store comes near: a database with longer texts is none of ours. */
#define LENGTH_MAX (1 << 20)

struct sql_query {
	struct sql *sql;
	sqlite3_stmt *statement;
	const char *text;
	int count;   /* parameters given so far */
	int failure; /* of giving one */
	bool is_busy;
	bool is_kept; /* in the cache: not freed when released */
};

struct sql {
	sqlite3 *db;
	char *path;
	struct sql_identity identity;
	bool is_corrupt;
	bool is_file_read_only; /* as it was opened */
	struct sql_query **kept;
	size_t kept_count;
};

/* ---- errors ------------------------------------------------------------------------------- */

static bool is_full(int sys_errno)
{
	return sys_errno == ENOSPC || sys_errno == EDQUOT || sys_errno == EFBIG;
}

/* One of the SQL_ kinds, or 0. */
static int kind_of(int code, int sys_errno)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return SQL_FULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return SQL_LOCKED;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
	case SQLITE_TOOBIG: /* see LENGTH_MAX */
		return SQL_CORRUPT;
	case SQLITE_READONLY:
		return code == SQLITE_READONLY_DBMOVED ? SQL_REPLACED : SQL_READ_ONLY;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		if (is_full(sys_errno))
			return SQL_FULL;
		return sys_errno == EROFS || sys_errno == EACCES ? SQL_READ_ONLY : 0;
	default:
		return 0;
	}
}

static const char *words_of(int kind)
{
	switch (kind) {
	case SQL_FULL:
		return "the disk is full, or a quota or file size limit is reached";
	case SQL_LOCKED:
		return "another process keeps it locked";
	case SQL_CORRUPT:
		return "it is corrupt, or no journal of ours";
	case SQL_READ_ONLY:
		return "it, or its directory, cannot be written";
	case SQL_REPLACED:
		return "it was replaced meanwhile";
	default:
		return NULL;
	}
}

/* What the system said. At a commit it is not where it should be, but with the file: the database,
 * or its rollback journal. */
static int find_errno(sqlite3 *db, int code)
{
	sqlite3_file *log = NULL;
	int failure = 0;

	if (!db || ((code & 0xff) != SQLITE_IOERR && (code & 0xff) != SQLITE_CANTOPEN))
		return 0;
	failure = sqlite3_system_errno(db);
	if (!failure)
		(void)sqlite3_file_control(db, NULL, SQLITE_FCNTL_LAST_ERRNO, &failure);
	if (!failure)
		(void)sqlite3_file_control(db, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &log);
	if (log && log->pMethods)
		(void)log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &failure);
	return failure;
}

static int fail(struct sql *sql, int code, struct err *err)
{
	int sys_errno = find_errno(sql->db, code);
	int kind = kind_of(code, sys_errno);

	sql->is_corrupt |= kind == SQL_CORRUPT;
	if (kind)
		(void)err_set(err, ERR_SYSTEM, 0, "journal %s: %s", sql->path, words_of(kind));
	else
		(void)err_set(err, ERR_SYSTEM, sys_errno, "journal %s: %s", sql->path,
			      sqlite3_errstr(code));
	if (err && kind)
		err->sys_errno = kind;
	return -1;
}

static int refuse(const char *path, const char *why, struct err *err)
{
	return err_set(err, ERR_SYSTEM, 0, "journal %s: %s", path, why);
}

/* ---- the file ----------------------------------------------------------------------------- */

/* By lstat alone: to close a descriptor of a database drops this process's locks on it. */
static int check_file(const char *path, struct stat *st, struct err *err)
{
	if (lstat(path, st))
		return err_set(err, ERR_SYSTEM, errno, "journal %s", path);
	if (!S_ISREG(st->st_mode))
		return refuse(path, "it is no regular file: move it away", err);
	if (st->st_uid != geteuid())
		return refuse(path, "it belongs to another user: move it away", err);
	if (st->st_nlink > 1)
		return refuse(path, "it has a second name (a hard link): remove one", err);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return refuse(path, "others can write it: chmod go-w", err);
	return 0;
}

static int make_file(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int failure;

	if (fd < 0 && errno == EEXIST)
		return 0;
	if (fd >= 0 && fchmod(fd, 0600) == 0) {
		close(fd); /* nothing was written */
		return 0;
	}
	failure = errno;
	if (fd >= 0)
		close(fd);
	(void)err_set(err, ERR_SYSTEM, failure, "journal %s: cannot make it", path);
	if (err && is_full(failure))
		err->sys_errno = SQL_FULL;
	return -1;
}

static int find_file(const char *path, enum sql_access access, struct stat *st, struct err *err)
{
	if (check_file(path, st, err) == 0)
		return 0;
	if (access != SQL_WRITE || !err || err->sys_errno != ENOENT)
		return -1;
	return make_file(path, err) ? -1 : check_file(path, st, err);
}

static struct sql_identity identity_of(const struct stat *st)
{
	return (struct sql_identity){ .device = st->st_dev, .inode = st->st_ino };
}

bool sql_is_current(const struct sql *sql)
{
	struct stat st;

	return lstat(sql->path, &st) == 0 && st.st_dev == sql->identity.device &&
	       st.st_ino == sql->identity.inode;
}

bool sql_is_corrupt(const struct sql *sql)
{
	return sql->is_corrupt;
}

int sql_contradicts(struct sql *sql, struct err *err)
{
	return fail(sql, SQLITE_CORRUPT, err);
}

const char *sql_path(const struct sql *sql)
{
	return sql->path;
}

struct sql_identity sql_identity(const struct sql *sql)
{
	return sql->identity;
}

/* Of statements that are right an error without a name is that of what they found. */
static int blame(int code)
{
	return code == SQLITE_ERROR ? SQLITE_CORRUPT : code;
}

/* ---- opening ------------------------------------------------------------------------------ */

/* What it must not do even if the file asks for it. Older libraries know fewer of these. */
static void harden(sqlite3 *db, enum sql_access access)
{
	static const struct {
		int option;
		int value;
	} options[] = {
#ifdef SQLITE_DBCONFIG_TRUSTED_SCHEMA
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
#endif
#ifdef SQLITE_DBCONFIG_ENABLE_VIEW
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
#endif
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		(void)sqlite3_db_config(db, options[i].option, options[i].value, NULL);
#ifdef SQLITE_DBCONFIG_DEFENSIVE
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, access != SQL_SALVAGE, NULL);
#endif
	(void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
	(void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
}

static const char *settings_of(enum sql_access access)
{
	switch (access) {
	case SQL_READ:
		return "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size "
		       "= 0;"
		       "PRAGMA temp_store = MEMORY; PRAGMA synchronous = FULL;"
		       "PRAGMA query_only = ON";
	case SQL_WRITE:
		/* TRUNCATE syncs the end of a transaction; DELETE, by FULL alone, does not. */
		return "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size "
		       "= 0;"
		       "PRAGMA temp_store = MEMORY; PRAGMA synchronous = FULL;"
		       "PRAGMA journal_mode = TRUNCATE";
	case SQL_SALVAGE:
		/* writable_schema: a file shorter than it says is read all the same. */
		return "PRAGMA trusted_schema = OFF; PRAGMA mmap_size = 0; PRAGMA temp_store = "
		       "MEMORY;"
		       "PRAGMA query_only = ON; PRAGMA writable_schema = ON";
	}
	return "";
}

static int connect(struct sql *sql, enum sql_access access, int patience_ms, struct err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
	int code;

#ifdef SQLITE_OPEN_NOFOLLOW
	flags |= SQLITE_OPEN_NOFOLLOW;
#endif
	code = sqlite3_open_v2(sql->path, &sql->db, flags, NULL);
	if (code != SQLITE_OK)
		return fail(sql, code, err);
	(void)sqlite3_extended_result_codes(sql->db, 1);
	(void)sqlite3_busy_timeout(sql->db, patience_ms);
	sql->is_file_read_only = sqlite3_db_readonly(sql->db, "main") == 1;
	harden(sql->db, access);
	code = sqlite3_exec(sql->db, settings_of(access), NULL, NULL, NULL);
	return code == SQLITE_OK ? 0 : fail(sql, blame(code), err);
}

int sql_open(struct sql **out, const char *path, enum sql_access access, int patience_ms,
	     struct err *err)
{
	struct err own = ERR_INIT;
	struct stat st;
	struct sql *sql;

	err = err ? err : &own;
	*out = NULL;
	if (find_file(path, access, &st, err))
		return -1;
	sql = mem_alloc(sizeof(*sql));
	sql->path = mem_dup(path);
	sql->identity = identity_of(&st);
	*out = sql;
	if (connect(sql, access, patience_ms, err))
		return -1;
	return sql_is_current(sql) ? 0 : fail(sql, SQLITE_READONLY_DBMOVED, err);
}

void sql_set_patience(struct sql *sql, int patience_ms)
{
	(void)sqlite3_busy_timeout(sql->db, patience_ms); /* fails for no handle only */
}

void sql_close(struct sql *sql)
{
	if (!sql)
		return;
	for (size_t i = 0; i < sql->kept_count; i++) {
		(void)sqlite3_finalize(
			sql->kept[i]->statement); /* repeats the last step's failure */
		free(sql->kept[i]);
	}
	free(sql->kept);
	(void)sqlite3_close(sql->db); /* refuses for open statements only */
	free(sql->path);
	free(sql);
}

/* ---- transactions ------------------------------------------------------------------------- */

int sql_script(struct sql *sql, const char *text, struct err *err)
{
	int code = sqlite3_exec(sql->db, text, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : fail(sql, code, err);
}

bool sql_is_within(const struct sql *sql)
{
	return !sqlite3_get_autocommit(sql->db);
}

int sql_begin(struct sql *sql, struct err *err)
{
	/* SQLite would find out at the first change. A file that says itself that we may not write
	 * it has a broken header. */
	if (sqlite3_db_readonly(sql->db, "main") == 1)
		return fail(sql, sql->is_file_read_only ? SQLITE_READONLY : SQLITE_CORRUPT, err);
	return sql_script(sql, "BEGIN IMMEDIATE", err);
}

void sql_rollback(struct sql *sql)
{
	if (sql_is_within(sql))
		(void)sql_script(sql, "ROLLBACK",
				 NULL); /* what cannot be is rolled back at the next opening */
}

int sql_commit(struct sql *sql, struct err *err)
{
	if (!sql_is_within(sql))
		return err_set(err, ERR_SYSTEM, 0, "journal %s: an earlier failure has undone it",
			       sql->path);
	if (sql_script(sql, "COMMIT", err)) {
		sql_rollback(sql);
		return -1;
	}
	return sql_is_current(sql) ? 0 : fail(sql, SQLITE_READONLY_DBMOVED, err);
}

/* ---- statements --------------------------------------------------------------------------- */

static struct sql_query *find_kept(struct sql *sql, const char *text)
{
	for (size_t i = 0; i < sql->kept_count; i++)
		if (sql->kept[i]->text == text)
			return sql->kept[i];
	return NULL;
}

static struct sql_query *prepare(struct sql *sql, const char *text, bool is_kept, struct err *err)
{
	struct sql_query *query = mem_alloc(sizeof(*query));
	int code = sqlite3_prepare_v3(sql->db, text, -1, is_kept ? SQLITE_PREPARE_PERSISTENT : 0,
				      &query->statement, NULL);

	if (code != SQLITE_OK) {
		free(query);
		(void)fail(sql, blame(code), err);
		return NULL;
	}
	query->sql = sql;
	query->text = text;
	query->is_kept = is_kept;
	return query;
}

static void keep(struct sql *sql, struct sql_query *query)
{
	if ((sql->kept_count & (sql->kept_count - 1)) == 0) /* full at each power of two */
		sql->kept = mem_resize(sql->kept, sql->kept_count ? sql->kept_count * 2 : 1,
				       sizeof(struct sql_query *));
	sql->kept[sql->kept_count++] = query;
}

struct sql_query *sql_query(struct sql *sql, const char *text, struct err *err)
{
	struct sql_query *query = find_kept(sql, text);

	/* One that is under way is not begun anew: who calls back while reading gets another. */
	if (query && query->is_busy)
		query = prepare(sql, text, false, err);
	else if (!query && (query = prepare(sql, text, true, err)))
		keep(sql, query);
	if (!query)
		return NULL;
	query->is_busy = true;
	query->count = 0;
	query->failure = SQLITE_OK;
	return query;
}

void sql_release(struct sql_query *query)
{
	if (!query)
		return;
	query->is_busy = false;
	if (!query->is_kept) {
		(void)sqlite3_finalize(query->statement); /* repeats the last step's failure */
		free(query);
		return;
	}
	(void)sqlite3_reset(query->statement); /* likewise */
	(void)sqlite3_clear_bindings(query->statement);
}

static void note_failure(struct sql_query *query, int code)
{
	if (query->failure == SQLITE_OK)
		query->failure = code;
}

void sql_put(struct sql_query *query, int64_t number)
{
	if (query)
		note_failure(query, sqlite3_bind_int64(query->statement, ++query->count, number));
}

void sql_put_text(struct sql_query *query, const char *text)
{
	if (query)
		note_failure(query, sqlite3_bind_text(query->statement, ++query->count, text, -1,
						      SQLITE_TRANSIENT));
}

int sql_step(struct sql_query *query, struct err *err)
{
	int code;

	if (!query)
		return -1;
	code = query->failure ? query->failure : sqlite3_step(query->statement);
	if (code == SQLITE_ROW)
		return 1;
	if (code != SQLITE_DONE)
		(void)fail(query->sql, code, err);
	sql_release(query);
	return code == SQLITE_DONE ? 0 : -1;
}

int sql_run(struct sql_query *query, struct err *err)
{
	struct sql *sql;
	int status;

	if (!query)
		return -1;
	sql = query->sql;
	while ((status = sql_step(query, err)) == 1)
		;
	return status ? -1 : sqlite3_changes(sql->db);
}

int64_t sql_number(const struct sql_query *query, int column)
{
	return sqlite3_column_int64(query->statement, column);
}

const char *sql_text(const struct sql_query *query, int column)
{
	const unsigned char *text = sqlite3_column_text(query->statement, column);

	return text ? (const char *)text : "";
}

int64_t sql_last_row(const struct sql *sql)
{
	return sqlite3_last_insert_rowid(sql->db);
}

int sql_ask(struct sql *sql, const char *text, int64_t *number, struct err *err)
{
	struct sql_query *query = sql_query(sql, text, err);
	int status = sql_step(query, err);

	*number = 0;
	if (status < 0)
		return -1;
	if (status == 1) {
		*number = sql_number(query, 0);
		sql_release(query);
	}
	return 0;
}

static int check_length(struct sql *sql, struct err *err)
{
	int64_t page_size, page_count;
	struct stat st;

	if (sql_ask(sql, "PRAGMA page_count", &page_count, err) ||
	    sql_ask(sql, "PRAGMA page_size", &page_size, err))
		return -1;
	if (lstat(sql->path, &st) || !sql_is_current(sql))
		return fail(sql, SQLITE_READONLY_DBMOVED, err);
	return st.st_size < page_count * page_size ? fail(sql, SQLITE_CORRUPT, err) : 0;
}

int sql_check_length(struct sql *sql, struct err *err)
{
	int64_t tables;
	int status;

	/* Within a transaction that has read, nobody else is in the middle of writing. */
	if (sql_script(sql, "BEGIN", err))
		return -1;
	status = sql_ask(sql, "SELECT count(*) FROM sqlite_master", &tables, err);
	if (status == 0)
		status = check_length(sql, err);
	sql_rollback(sql);
	return status;
}
