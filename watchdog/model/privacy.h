/* SPDX-License-Identifier: ISC */
/* privacy: values as they may be shown to who has not the right to read the file that they stand in. Pure. */
#ifndef WATCHDOG_MODEL_PRIVACY_H
#define WATCHDOG_MODEL_PRIVACY_H

#include "watchdog/model/option.h"

/* VALUE of a string option, or one item of a list, of PRIVACY, with "…" for what is left out. Allocated. No such text is accepted as
 * a URL, a secret or a header: what was printed is never taken for what was meant. */
char *privacy_text(enum option_privacy privacy, const char *value);

#endif
