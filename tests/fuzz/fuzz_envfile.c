/* SPDX-License-Identifier: ISC */
/* A file of variables: "K=V" each, or an error that quotes nothing of it. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/config/envfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strlist list = STRLIST_INIT;
	struct err err = ERR_INIT;
	char *path = fuzz_path("env");

	fuzz_write("env", data, size);
	if (envfile_read(path, false, &list, &err))
		FUZZ_CHECK(err.text[0] && fuzz_is_plain(err.text));
	else
		for (size_t i = 0; i < list.count; i++)
			FUZZ_CHECK(strchr(list.items[i], '=') > list.items[i]);
	strlist_free(&list);
	free(path);
	return 0;
}
