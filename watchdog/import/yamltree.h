/* SPDX-License-Identifier: ISC */
/* yamltree: a YAML document as a tree, within limits. The only one that knows yaml.h. */
#ifndef WATCHDOG_IMPORT_YAMLTREE_H
#define WATCHDOG_IMPORT_YAMLTREE_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"

/* Aliases count as often as they are used, so that few of them cannot grow to many nodes. */
#define YAMLTREE_NODES_MAX 100000
#define YAMLTREE_DEPTH_MAX 50

enum yamltree_kind { YAMLTREE_SCALAR, YAMLTREE_LIST, YAMLTREE_MAP };

struct yamltree {
	enum yamltree_kind kind;
	int line;
	char *text;    /* scalars */
	bool is_plain; /* a scalar without quotes: it may be a number, a word for true, or nothing
			*/
	char **keys;   /* of a map; where a key is no scalar, "" */
	int *key_lines;
	struct yamltree **items; /* of lists and maps */
	size_t count;
};

/* The first document of TEXT, which came from FILE. NULL with ERR ("FILE:LINE: …"); where there is
 * none, an empty map. */
struct yamltree *yamltree_read(const char *file, const struct str *text, struct err *err);
void yamltree_free(struct yamltree *tree);

/* The value of KEY in MAP, the last of that name; NULL where MAP is no map (or NULL) or has none.
 */
const struct yamltree *yamltree_get(const struct yamltree *map, const char *key);

/* Whether TREE is NULL, or says that there is nothing: "", ~, null. */
bool yamltree_is_nothing(const struct yamltree *tree);

#endif
