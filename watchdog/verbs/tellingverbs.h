/* SPDX-License-Identifier: ISC */
/*
 * tellingverbs: the verbs that need the journal or the network, and one source of import that needs libyaml. Their constants (name, help) are in both programs; what they do is
 * not: cronherd, which has none of those libraries, becomes cronherd-full (tellingverbs_light.c), which does it
 * (tellingverbs_full.c). Either file is part of a program, not of a library, so that nothing is chosen by the order of libraries. A
 * static build is one program and has the full one.
 */
#ifndef WATCHDOG_VERBS_TELLINGVERBS_H
#define WATCHDOG_VERBS_TELLINGVERBS_H

#include "watchdog/verbs/verb.h"

int tellingverbs_events(const struct verb_call *call);
int tellingverbs_deliver(const struct verb_call *call);

/* The workers of FILES to IMPORTER, or, in the light program, the whole CALL done elsewhere: then it returns on failure only. */
struct importer;
int tellingverbs_import_kaliop(const struct verb_call *call, struct importer *importer, char *const *files, int count);

#endif
