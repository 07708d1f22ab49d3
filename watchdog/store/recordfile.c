/* SPDX-License-Identifier: ISC */
#include "watchdog/store/recordfile.h"

#include <errno.h>
#include <unistd.h>

#include "pidfiles/atomfile.h"

#define FILE_SIZE (INSTANCE_ID_SIZE + 8)

int recordfile_read(const struct statedir *dir, const struct instance *instance,
		    struct record *record)
{
	char file[FILE_SIZE];
	char text[RECORD_TEXT_MAX];
	ssize_t len;

	*record = (struct record)RECORD_INIT;
	if (dir->records_fd < 0)
		return 0;
	len = atomfile_read(dir->records_fd, instance_file(instance, "", file, sizeof(file)), text,
			    sizeof(text));
	if (len == -ENOENT)
		return 0;
	if (len < 0) /* longer than any of ours: corrupt, as parsing would find */
		return len == -EFBIG ? -EBADMSG : (int)len;
	return record_parse(text, (size_t)len, record) ? -EBADMSG : 0;
}

int recordfile_write(const struct statedir *dir, const struct instance *instance,
		     const struct record *record)
{
	char file[FILE_SIZE];
	char text[RECORD_TEXT_MAX];
	size_t len = record_format(record, text, sizeof(text));

	return atomfile_write(dir->records_fd, instance_file(instance, "", file, sizeof(file)),
			      text, len, 0600, ATOMFILE_VOLATILE);
}

int recordfile_remove(const struct statedir *dir, const struct instance *instance)
{
	char file[FILE_SIZE];

	if (unlinkat(dir->records_fd, instance_file(instance, "", file, sizeof(file)), 0) &&
	    errno != ENOENT)
		return -errno;
	return 0;
}
