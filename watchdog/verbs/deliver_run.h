/* SPDX-License-Identifier: ISC */
/* deliver_run: what the verb `deliver` does where there are journal and network. */
#ifndef WATCHDOG_VERBS_DELIVER_RUN_H
#define WATCHDOG_VERBS_DELIVER_RUN_H

#include "watchdog/verbs/verb.h"

int deliver_run(const struct verb_call *call);

#endif
