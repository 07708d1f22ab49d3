/* SPDX-License-Identifier: ISC */
/*
 * err: why something failed, as a value on the caller's stack.
 *
 * Functions that can fail take `struct err *err` last and return 0, or -1 with ERR set.
 * The text is one line for a person: what was tried, on what, why, and the cure where one
 * is known. What is longer than the text is cut between characters; control characters come
 * out as '?'. ERR may be NULL where nobody will read it.
 */
#ifndef WATCHDOG_BASE_ERR_H
#define WATCHDOG_BASE_ERR_H

enum err_kind {
	ERR_NONE,
	ERR_USAGE,  /* the command line */
	ERR_CONFIG, /* a configuration file */
	ERR_SYSTEM  /* everything else: the host, the state directory */
};

struct err {
	enum err_kind kind;
	int sys_errno; /* 0 where none */
	char text[512];
};

#define ERR_INIT { .kind = ERR_NONE }

/* Sets ERR and returns -1. SYS_ERRNO (positive, or 0) appends ": " and its text. */
int err_set(struct err *err, enum err_kind kind, int sys_errno, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Puts "CONTEXT: " in front of the text; returns -1. */
int err_wrap(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The exit status that INTERFACE.md gives this kind: 0, 2 or 3. */
int err_exit_status(const struct err *err);

#endif
