/* SPDX-License-Identifier: ISC */
#include "watchdog/round/publish.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "pidfiles/atomfile.h"
#include "pidfiles/pathwalk.h"
#include "watchdog/base/clock.h"
#include "watchdog/base/mem.h"
#include "watchdog/report/render_html.h"
#include "watchdog/report/render_prom.h"
#include "watchdog/round/survey.h"

/* For those who collect them, whoever they are. */
#define MODE 0644

static const char *why(int sys_errno)
{
	return sys_errno == ELOOP ? "a link on the way, in a directory that is not root's alone: name where it leads"
				  : strerror(sys_errno);
}

static void write_file(const char *option, const char *path, const struct str *text,
		       struct strlist *problems)
{
	const char *name;
	int fd = pathwalk_open(path, &name);
	int status = fd;

	if (fd >= 0) {
		/* What a power loss takes, the next round writes again. */
		status = atomfile_write(fd, name, text->data, text->len, MODE, ATOMFILE_VOLATILE);
		(void)close(fd); /* it was only a place to stand on */
	}
	if (status < 0)
		strlist_take(problems, mem_format("cannot write %s, %s: %s", option, path, why(-status)));
}

void publish_files(struct herd *herd, struct strlist *problems)
{
	const struct config *config = &herd->config;
	struct deliveries deliveries;
	struct snapshot snapshot;
	struct str text = STR_INIT;

	if (!config->metrics_file && !config->status_page)
		return;
	survey_take(herd, &snapshot);
	snapshot.round_start_wall_ms = herd->started_wall_ms;
	snapshot.round_end_wall_ms = clock_read().wall_ms;
	survey_deliveries(herd, &deliveries);
	if (config->metrics_file) {
		render_prom(&snapshot, &deliveries, &text);
		write_file("metrics_file", config->metrics_file, &text, problems);
		str_free(&text);
	}
	if (config->status_page) {
		render_html(&snapshot, &deliveries, &text);
		write_file("status_page", config->status_page, &text, problems);
		str_free(&text);
	}
	deliveries_free(&deliveries);
	snapshot_free(&snapshot);
}
