/* SPDX-License-Identifier: ISC */
#include "watchdog/config/confreuse.h"

#include <string.h>

#include "watchdog/model/option.h"

void confreuse_begin(struct confreuse *reuse, const struct config *before, const struct worker_options *defaults)
{
	*reuse = (struct confreuse){ .before = before };
	if (before->file_count == 0 || before->defaults != options_hash(defaults))
		return;
	for (size_t i = 0; i < before->file_count; i++)
		nameindex_put(&reuse->files, before->files[i].path, strlen(before->files[i].path), i);
}

void confreuse_end(struct confreuse *reuse)
{
	nameindex_free(&reuse->files);
}

const struct config_file *confreuse_find(const struct confreuse *reuse, const char *path, uint64_t stamp)
{
	size_t at;

	if (!stamp || !nameindex_find(&reuse->files, path, strlen(path), &at) || reuse->before->files[at].stamp != stamp)
		return NULL;
	return &reuse->before->files[at];
}
