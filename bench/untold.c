/* SPDX-License-Identifier: ISC */
/* untold: stands in for round/tell.c in bench/cronherd-untold, the same program that tells nothing; what telling costs is the difference. */
#include "watchdog/round/tell.h"

void tell_slot(struct herd *herd, const struct slot *slot, struct record *record)
{
	(void)herd;
	(void)slot;
	(void)record;
}

void tell_config(struct herd *herd)
{
	(void)herd;
}

void tell_reboot(struct herd *herd, const struct lease *theirs)
{
	(void)herd;
	(void)theirs;
}

void tell_samples(struct herd *herd)
{
	(void)herd;
}

void tell_deliver(struct herd *herd, bool is_due)
{
	(void)herd;
	(void)is_due;
}

void tell_complain(struct herd *herd)
{
	(void)herd;
}
