/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which nameservice and which namenode are we?  Needed before suffixed names can be looked up, so
 * this works on the values as they were read.
 */
#include "base/err.h"
#include "config/expand.h"
#include "config/private.h"

/* The value with its references replaced, in the map; empty if there is none. */
static int id_value(struct config_map *map, const struct config_sources *sources, struct str name,
                    struct str *ret_id)
{
	const struct config_entry *entry = config_map_find(map, name);
	struct config_expansion expansion;
	struct buf text = {0};
	int rc;

	*ret_id = (struct str){0};
	if (entry == NULL)
		return 0;
	rc = config_expand(map, &sources->reader, name, entry->value, &text, &expansion);
	if (rc == 0) {
		*ret_id = config_map_copy(map, buf_str(&text));
		if (ret_id->data == NULL)
			rc = -ERR_NO_MEMORY;
	}
	buf_finish(&text);
	return rc;
}

static int own_id(struct config_map *map, const struct config_sources *sources, const char *given,
                  struct str name, struct str *ret_id)
{
	if (given == NULL)
		return id_value(map, sources, name, ret_id);
	*ret_id = config_map_copy(map, str_of(given));
	return ret_id->data == NULL ? -ERR_NO_MEMORY : 0;
}

int config_find_own_ids(struct config_map *map, const struct config_sources *sources,
                        struct config_report *report)
{
	struct str namenode = {0};
	struct str nameservice = {0};
	struct str list;
	struct str only;
	int rc =
	        own_id(map, sources, sources->nameservice, STR("dfs.nameservice.id"), &nameservice);

	if (rc == 0)
		rc = own_id(map, sources, sources->namenode, STR("dfs.ha.namenode.id"), &namenode);
	if (rc == 0)
		rc = id_value(map, sources, STR("dfs.nameservices"), &list);
	if (rc < 0)
		return rc;
	if (nameservice.size == 0 && config_next_item(&list, &only) && list.size == 0)
		nameservice = only;
	if (nameservice.size > CONFIG_NAME_BYTES_MAX || namenode.size > CONFIG_NAME_BYTES_MAX) {
		config_report_add(report, CONFIG_ERROR, STR("dfs.nameservice.id"), 0,
		                  "the own nameservice or namenode is longer than 512 bytes");
		return 0;
	}
	map->nameservice = nameservice;
	map->namenode = namenode;
	return 0;
}
