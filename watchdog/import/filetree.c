/* SPDX-License-Identifier: ISC */
#include "watchdog/import/filetree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pidfiles/atomfile.h"
#include "pidfiles/pathwalk.h"
#include "watchdog/base/mem.h"

struct str *filetree_add(struct filetree *tree, const char *name)
{
	struct filetree_file *file;

	if ((tree->count & (tree->count - 1)) == 0)
		tree->files = mem_resize(tree->files, tree->count ? tree->count * 2 : 1,
					 sizeof(*tree->files));
	file = &tree->files[tree->count++];
	*file = (struct filetree_file){ .name = mem_dup(name) };
	if (file->name[0] == '.')
		file->name[0] = '_';
	for (char *at = file->name; *at; at++)
		if (*at == '/')
			*at = '_';
	return &file->text;
}

void filetree_free(struct filetree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		free(tree->files[i].name);
		str_free(&tree->files[i].text);
	}
	free(tree->files);
	*tree = (struct filetree)FILETREE_INIT;
}

static int refuse_existing(const struct filetree *tree, const char *path, int dirfd,
			   struct err *err)
{
	struct stat st;

	for (size_t i = 0; i < tree->count; i++) {
		const char *name = tree->files[i].name;

		if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return err_set(err, ERR_USAGE, 0,
				       "%s/%s is there already, so nothing was written; --force "
				       "replaces it",
				       path, name);
		if (errno != ENOENT)
			return err_set(err, ERR_SYSTEM, errno, "cannot look for %s/%s", path, name);
	}
	return 0;
}

/* An empty file of that name, so that the write behind it replaces nothing but that. */
static int reserve(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	(void)close(fd); /* nothing was written by it */
	return 0;
}

static int write_file(const struct filetree_file *file, int dirfd, mode_t mode, bool is_forced)
{
	int rc = is_forced ? 0 : reserve(dirfd, file->name);

	if (rc < 0)
		return rc;
	rc = atomfile_write(dirfd, file->name, str_text(&file->text), file->text.len, mode,
			    ATOMFILE_DURABLE);
	if (rc < 0 && !is_forced)
		(void)unlinkat(dirfd, file->name, 0); /* the failure that counts is the other */
	return rc;
}

static int write_all(const struct filetree *tree, const char *path, int dirfd, mode_t mode,
		     bool is_forced, size_t *written, struct err *err)
{
	if (!is_forced && refuse_existing(tree, path, dirfd, err))
		return -1;
	for (size_t i = 0; i < tree->count; i++) {
		int rc = write_file(&tree->files[i], dirfd, mode, is_forced);

		if (rc < 0)
			return err_set(err, ERR_SYSTEM, -rc, "cannot write %s/%s", path,
				       tree->files[i].name);
		(*written)++;
	}
	return 0;
}

/* PATH alone, not those above it. */
static int make_directory(const char *path)
{
	const char *base;
	int fd = pathwalk_open(path, &base);

	if (fd < 0)
		return fd;
	int rc = *base != '\0' && mkdirat(fd, base, 0755) < 0 && errno != EEXIST ? -errno : 0;
	(void)close(fd); /* it was only a place to stand on */
	return rc;
}

int filetree_write(const struct filetree *tree, const char *path, mode_t mode, bool is_forced,
		   size_t *written, struct err *err)
{
	int dirfd, rc;

	*written = 0;
	rc = make_directory(path);
	if (rc < 0)
		return err_set(err, ERR_SYSTEM, -rc, "cannot make the directory %s", path);
	dirfd = pathwalk_open_dir(path);
	if (dirfd < 0)
		return err_set(err, ERR_SYSTEM, -dirfd, "cannot open the directory %s%s", path,
			       dirfd == -ELOOP ? " (a link on the way, in a directory that is not root's alone)" : "");
	rc = write_all(tree, path, dirfd, mode, is_forced, written, err);
	(void)close(dirfd); /* nothing was written by it */
	return rc;
}
