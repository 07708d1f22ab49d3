/* SPDX-License-Identifier: ISC */
/* unitherd: the services that an import is about, each once, with the instances that are wanted of
 * it. */
#ifndef WATCHDOG_IMPORT_UNITHERD_H
#define WATCHDOG_IMPORT_UNITHERD_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/config/nameindex.h"
#include "watchdog/import/importer.h"
#include "watchdog/import/unitfile.h"
#include "watchdog/import/unitname.h"

#define UNITHERD_MAX 1000
#define UNITHERD_INSTANCES_MAX                                                                     \
	10000 /* of one template, and so many units that one target wants                          \
	       */

/* A service, or a template. */
struct unitherd_service {
	struct unitname name;
	char *path;
	struct strlist folders;	  /* where its drop-ins are */
	struct strlist instances; /* of a template */
	struct strlist workers;	  /* what came of it: names */
	struct unitfile unit;
};

struct unitherd_target {
	struct unitname name;
	char *path;
	struct strlist folders;
	struct strlist wanted; /* full names of services */
};

struct unitherd {
	struct importer *importer;
	char *home; /* of whom we run as */
	char *user;
	struct unitherd_service *services;
	size_t service_count;
	struct nameindex index; /* private: of services, by name */
	struct unitherd_target *targets;
	size_t target_count;
};

void unitherd_init(struct unitherd *herd, struct importer *importer);
void unitherd_free(struct unitherd *herd);

/* Takes the unit TEXT of the command line in. */
void unitherd_add(struct unitherd *herd, const char *text);

/* Reads the targets: their services come in, too, and so do the instances that they want. */
void unitherd_read_targets(struct unitherd *herd);

/* Reads SERVICE with its drop-ins; -1: errors were said. */
int unitherd_read(struct unitherd *herd, struct unitherd_service *service);

/* The service of the full name NAME ("web@2.service": its template), or NULL. */
struct unitherd_service *unitherd_find(struct unitherd *herd, const char *name);

/* Whether PATH is of the system's manager. */
bool unitherd_is_system(const char *path);

#endif
