/* SPDX-License-Identifier: ISC */
/* deliver: what is owed to webhooks, now; and how that goes. What it does: deliver_run.c, in cronherd-full. */
#include "watchdog/verbs/tellingverbs.h"

const struct verb verb_deliver = {
	.name = "deliver",
	.summary = "send what is owed to webhooks now; how they do, what could not be delivered",
	.synopsis = "[--now] | --status [--json] | --test NAME | --reach | --enable NAME |\n"
		    "       --dead [--json] | --replay [NAME|ID] | --purge [NAME|ID]",
	.help = "      --now          wait for nothing: try at once what would be tried later\n"
		"      --status       how each webhook does: owed, delivered, dead, what came back last\n"
		"      --test NAME    send one webhook a test event and show what comes back\n"
		"      --reach        ask the hosts of all webhooks and pings whether they answer; send\n"
		"                     nothing\n"
		"      --enable NAME  go on with one that has answered 410 Gone\n"
		"      --dead         what could not be delivered, and why\n"
		"      --replay       owe dead letters again: all, a webhook's, or one by its id\n"
		"      --purge        forget dead letters, likewise\n"
		"      --json         with --status and --dead: one object for programs\n\n"
		"A round sends what is owed by itself; this is for who does not want to wait. With -v\n"
		"each request is said. Exit status 1: something is still owed, or could not be "
		"delivered.\n\n"
		"examples:\n"
		"  cronherd deliver --test chat    does it arrive?\n"
		"  cronherd deliver --now          the receiver is back: do not wait for the next try\n"
		"  cronherd deliver --replay chat  it has lost its data: send what it refused again\n",
	.run = tellingverbs_deliver,
};
