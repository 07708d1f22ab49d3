/* SPDX-License-Identifier: ISC */
/* fdspan: closing descriptors that follow one another. Contract: fdspan.h. */

#include "pidfiles/fdspan.h"

#include <sys/syscall.h>
#include <unistd.h>

static void close_one_by_one(int first, int last)
{
	long most = sysconf(_SC_OPEN_MAX);

	if (most < 0 || most > 65536)
		most = 65536;
	for (int fd = first; fd <= last && fd < most; fd++)
		(void)close(fd);
}

void fdspan_close(int first, int last)
{
	if (first > last)
		return;
#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0U) == 0)
		return;
#endif
	close_one_by_one(first, last);
}

void fdspan_add(struct fdspan *span, int fd)
{
	if (fd != span->first + span->count)
		fdspan_end(span);
	if (!span->count)
		span->first = fd;
	/* At once, not with the next one: that one would be opened above these. */
	if (++span->count == FDSPAN_MAX)
		fdspan_end(span);
}

void fdspan_end(struct fdspan *span)
{
	if (span->count)
		fdspan_close(span->first, span->first + span->count - 1);
	span->count = 0;
}
