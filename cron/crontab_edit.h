/* SPDX-License-Identifier: ISC */
/*
 * crontab_edit: our marked lines in the text of a crontab. Pure: text in, text out.
 *
 * Our region is everything from CRONTAB_EDIT_BEGIN to CRONTAB_EDIT_END, each alone on its
 * line. Nothing outside is ever changed, byte for byte (a last line without a newline gets
 * one only if a region has to follow it). Markers that are doubled, crossed or single are
 * refused, since what lies between could be the user's.
 */
#ifndef CRON_CRONTAB_EDIT_H
#define CRON_CRONTAB_EDIT_H

#include <stddef.h>

#define CRONTAB_EDIT_BEGIN "# BEGIN cronherd: written by `cronherd cron install`; do not edit"
#define CRONTAB_EDIT_END   "# END cronherd"

enum crontab_edit {
	CRONTAB_EDIT_OK,
	CRONTAB_EDIT_UNCHANGED,  /* *OUT is a copy */
	CRONTAB_EDIT_UNBALANCED, /* *LINE: the line number of the marker that has no fellow */
	CRONTAB_EDIT_NUL,        /* TEXT holds a NUL byte: not a crontab */
	CRONTAB_EDIT_NOMEM
};

/*
 * Puts LINES (each ending in a newline) between the markers: in place of the region that is
 * there, or at the end. *OUT (malloc'ed, NUL-terminated) and *OUT_LEN on OK and UNCHANGED.
 */
enum crontab_edit crontab_edit_install(const char *text, size_t len, const char *lines,
				       char **out, size_t *out_len, int *line);

/* Takes the region out, markers included. */
enum crontab_edit crontab_edit_remove(const char *text, size_t len, char **out, size_t *out_len,
				      int *line);

/* Where the lines between the markers start in TEXT (and their length); UNCHANGED: none. */
enum crontab_edit crontab_edit_find(const char *text, size_t len, const char **lines,
				    size_t *lines_len, int *line);

#endif
