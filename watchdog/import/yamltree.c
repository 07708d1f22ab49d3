/* SPDX-License-Identifier: ISC */
#include "watchdog/import/yamltree.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "watchdog/base/mem.h"

struct walk {
	yaml_document_t *document;
	const char *file;
	size_t nodes;
	struct err *err;
};

static struct yamltree *convert(struct walk *walk, int index, int depth);

void yamltree_free(struct yamltree *tree)
{
	if (!tree)
		return;
	for (size_t i = 0; i < tree->count; i++) {
		if (tree->keys)
			free(tree->keys[i]);
		yamltree_free(tree->items[i]);
	}
	free(tree->keys);
	free(tree->key_lines);
	free(tree->items);
	free(tree->text);
	free(tree);
}

static int line_of(const yaml_mark_t *mark)
{
	return (int)mark->line + 1;
}

static char *text_of(const yaml_node_t *node)
{
	return mem_dup_n((const char *)node->data.scalar.value, node->data.scalar.length);
}

/* Takes ITEM over; false where that is NULL. */
static bool add(struct yamltree *tree, struct yamltree *item)
{
	if (!item)
		return false;
	tree->items[tree->count++] = item;
	return true;
}

static bool fill_list(struct walk *walk, const yaml_node_t *node, int depth, struct yamltree *tree)
{
	const yaml_node_item_t *end = node->data.sequence.items.top;

	tree->items = mem_alloc((size_t)(end - node->data.sequence.items.start) *
				sizeof(struct yamltree *));
	for (const yaml_node_item_t *item = node->data.sequence.items.start; item < end; item++)
		if (!add(tree, convert(walk, *item, depth + 1)))
			return false;
	return true;
}

static bool fill_map(struct walk *walk, const yaml_node_t *node, int depth, struct yamltree *tree)
{
	const yaml_node_pair_t *end = node->data.mapping.pairs.top;
	size_t count = (size_t)(end - node->data.mapping.pairs.start);

	tree->items = mem_alloc(count * sizeof(struct yamltree *));
	tree->keys = mem_alloc(count * sizeof(char *));
	tree->key_lines = mem_alloc(count * sizeof(*tree->key_lines));
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < end; pair++) {
		const yaml_node_t *key = yaml_document_get_node(walk->document, pair->key);

		tree->keys[tree->count] =
			key && key->type == YAML_SCALAR_NODE ? text_of(key) : mem_dup("");
		tree->key_lines[tree->count] = key ? line_of(&key->start_mark) : tree->line;
		if (!add(tree, convert(walk, pair->value, depth + 1))) {
			free(tree->keys[tree->count]);
			return false;
		}
	}
	return true;
}

static bool fill(struct walk *walk, const yaml_node_t *node, int depth, struct yamltree *tree)
{
	switch (node->type) {
	case YAML_SCALAR_NODE:
		tree->kind = YAMLTREE_SCALAR;
		tree->text = text_of(node);
		tree->is_plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		return true;
	case YAML_SEQUENCE_NODE:
		tree->kind = YAMLTREE_LIST;
		return fill_list(walk, node, depth, tree);
	case YAML_MAPPING_NODE:
		tree->kind = YAMLTREE_MAP;
		return fill_map(walk, node, depth, tree);
	case YAML_NO_NODE:
		break;
	}
	return false;
}

/* NULL with ERR where there are too many, or they are nested too deeply: an alias may lead back. */
static struct yamltree *convert(struct walk *walk, int index, int depth)
{
	const yaml_node_t *node = yaml_document_get_node(walk->document, index);
	struct yamltree *tree;

	if (!node || ++walk->nodes > YAMLTREE_NODES_MAX || depth > YAMLTREE_DEPTH_MAX) {
		(void)err_set(walk->err, ERR_CONFIG, 0, "%s:%d: nested too deeply, or too much",
			      walk->file, node ? line_of(&node->start_mark) : 1);
		return NULL;
	}
	tree = mem_alloc(sizeof(*tree));
	tree->line = line_of(&node->start_mark);
	if (fill(walk, node, depth, tree))
		return tree;
	yamltree_free(tree);
	return NULL;
}

static int load(yaml_parser_t *parser, yaml_document_t *document, const char *file, struct err *err)
{
	if (yaml_parser_load(parser, document))
		return 0;
	return err_set(err, ERR_CONFIG, 0, "%s:%d: %s", file, line_of(&parser->problem_mark),
		       parser->problem ? parser->problem : "is no YAML");
}

static struct yamltree *read_document(yaml_document_t *document, const char *file, struct err *err)
{
	struct walk walk = { .document = document, .file = file, .err = err };
	struct yamltree *tree;

	if (yaml_document_get_root_node(document))
		return convert(&walk, 1, 0); /* nodes are counted from 1, the root is the first */
	tree = mem_alloc(sizeof(*tree));
	tree->kind = YAMLTREE_MAP;
	return tree;
}

struct yamltree *yamltree_read(const char *file, const struct str *text, struct err *err)
{
	struct yamltree *tree = NULL;
	yaml_parser_t parser;
	yaml_document_t document;

	if (!yaml_parser_initialize(&parser)) {
		(void)err_set(err, ERR_SYSTEM, 0, "libyaml gave up: no memory");
		return NULL;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)str_text(text), text->len);
	if (load(&parser, &document, file, err) == 0) {
		tree = read_document(&document, file, err);
		yaml_document_delete(&document);
	}
	yaml_parser_delete(&parser);
	return tree;
}

const struct yamltree *yamltree_get(const struct yamltree *map, const char *key)
{
	if (!map || map->kind != YAMLTREE_MAP)
		return NULL;
	for (size_t i = map->count; i-- > 0;)
		if (strcmp(map->keys[i], key) == 0)
			return map->items[i];
	return NULL;
}

bool yamltree_is_nothing(const struct yamltree *tree)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };

	if (!tree)
		return true;
	if (tree->kind != YAMLTREE_SCALAR || !tree->is_plain)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(tree->text, words[i]) == 0)
			return true;
	return false;
}
