/* SPDX-License-Identifier: ISC */
/*
 * nomem: preloaded, it lets an allocation fail. TORTURE="N FILE": the N-th of each program that is
 * executed; "N+ FILE": all from the N-th on. A child goes on counting where its parent was. Makes
 * FILE when it has. "list FILE": none fails; FILE gets a line each, "PID N CHAIN", of the N-th
 * allocation and who called for it up to main(): two of the same CHAIN differ in what they are
 * called with alone. zygote.so arms it later, in a program that has begun: it says how many to take
 * as made.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

#define FRAMES_MAX 128

static unsigned long count, due;
static bool is_lasting;
static const char *hit;
static int list = -1;
static bool is_noting;

unsigned long nomem_count(void);
void nomem_arm(const char *text, unsigned long made);

unsigned long nomem_count(void)
{
	return count;
}

/* Where the program is loaded is another place each time: an address counts from its object's. */
static unsigned long chain(void)
{
	void *frames[FRAMES_MAX];
	int len = backtrace(frames, FRAMES_MAX);
	unsigned long hash = 5381;
	Dl_info info;

	for (int i = 0; i < len; i++) {
		hash = hash * 1099511628211UL + (unsigned long)frames[i];
		if (!dladdr(frames[i], &info))
			continue;
		hash -= (unsigned long)info.dli_fbase;
		for (const char *c = info.dli_fname; *c; c++)
			hash = hash * 33 + (unsigned char)*c;
	}
	return hash;
}

/* The unwinder allocates, too. */
static void note(void)
{
	char line[64];
	int len;

	is_noting = true;
	len = snprintf(line, sizeof(line), "%d %lu %lx\n", (int)getpid(), count, chain());
	if (write(list, line, (size_t)len) != len)
		_exit(70);
	is_noting = false;
}

static void begin_list(const char *file)
{
	void *frame;

	is_noting = true;
	list = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (list < 0)
		_exit(70);
	(void)backtrace(&frame, 1); /* loads what it needs */
	is_noting = false;
}

/* TEXT must last. */
void nomem_arm(const char *text, unsigned long made)
{
	char *end;

	if (strncmp(text, "list ", 5) == 0) {
		begin_list(text + 5);
		count = made;
		return;
	}
	due = strtoul(text, &end, 10);
	is_lasting = *end == '+';
	hit = end + is_lasting + 1;
	count = made;
}

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("TORTURE");

	count = 0;
	if (text)
		nomem_arm(text, 0);
}

/* Whether this one fails. */
static bool fails(void)
{
	int fd;

	if (is_noting)
		return false;
	count++;
	if (list >= 0)
		note();
	if (!due || count < due || (count > due && !is_lasting))
		return false;
	if (count == due) {
		fd = open(hit, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		if (fd >= 0)
			close(fd);
	}
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
	return fails() ? NULL : __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}
