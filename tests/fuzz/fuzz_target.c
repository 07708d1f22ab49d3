/* SPDX-License-Identifier: ISC */
/* What a command line or a webhook's `workers` names, and ids and file names of instances taken
 * apart. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/courier/filter.h"
#include "watchdog/model/instance.h"
#include "watchdog/round/target.h"

static void check_names(const char *text)
{
	char name[WORKER_NAME_MAX + 1];
	char again[INSTANCE_ID_SIZE + 8];
	struct instance instance = { .name = name };

	if (instance_from_id(text, name, &instance.number))
		FUZZ_CHECK(strcmp(instance_id(&instance, again), text) == 0);
	if (instance_from_file(text, ".pid", name, &instance.number))
		FUZZ_CHECK(strcmp(instance_file(&instance, ".pid", again, sizeof(again)), text) ==
			   0);
}

static void check_select(char *target)
{
	struct worker worker = { .name = (char[]){ "mail" }, .options = { .numprocs = 2 } };
	struct strlist members = { .items = (char *[]){ worker.name, NULL }, .count = 1 };
	struct config_group group = { .name = (char[]){ "site" }, .workers = members };
	struct slot *slots = calloc(2, sizeof(*slots));
	struct herd herd = { .slots = slots, .count = 2 };
	struct err err = ERR_INIT;
	char *targets[] = { target, NULL };

	FUZZ_CHECK(slots != NULL);
	herd.config = (struct config){
		.workers = &worker, .worker_count = 1, .groups = &group, .group_count = 1
	};
	nameindex_put(&herd.config.worker_index, "mail", 4, 0);
	nameindex_put(&herd.config.group_index, "site", 4, 0);
	for (int i = 0; i < 2; i++) {
		slots[i].instance = (struct instance){ "mail", i + 1, &worker };
		(void)instance_id(&slots[i].instance, slots[i].id);
	}
	if (target_select(&herd, targets, 1, &err)) {
		FUZZ_CHECK(fuzz_is_plain(err.text));
		FUZZ_CHECK(!slots[0].is_selected && !slots[1].is_selected);
	}
	/* A webhook and a command line mean the same by it. */
	FUZZ_CHECK(slots[0].is_selected == filter_is_target(&herd.config, target, "mail:1"));
	nameindex_free(&herd.config.worker_index);
	nameindex_free(&herd.config.group_index);
	strlist_free(&herd.unpeopled);
	free(slots);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct webhook_options options = { .url = NULL };
	char *text = fuzz_text(data, size);

	check_names(text);
	check_select(text);
	strlist_add(&options.events, text);
	(void)webhook_takes_type(&options, "worker.stopped");
	strlist_free(&options.events);
	free(text);
	return 0;
}
