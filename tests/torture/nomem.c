/* SPDX-License-Identifier: ISC */
/*
 * nomem: preloaded, it lets an allocation fail. TORTURE="N FILE": the N-th of each program that is
 * executed; "N+ FILE": all from the N-th on. A child goes on counting where its parent was. Makes
 * FILE when it has. zygote.so arms it later, in a program that has begun: it says how many to take as made.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static unsigned long count, due;
static bool is_lasting;
static const char *hit;

unsigned long nomem_count(void);
void nomem_arm(const char *text, unsigned long made);

unsigned long nomem_count(void)
{
	return count;
}

/* TEXT must last. */
void nomem_arm(const char *text, unsigned long made)
{
	char *end;

	due = strtoul(text, &end, 10);
	is_lasting = *end == '+';
	hit = end + is_lasting + 1;
	count = made;
}

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("TORTURE");

	if (text)
		nomem_arm(text, 0);
}

/* Whether this one fails. */
static bool fails(void)
{
	int fd;

	count++;
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
