/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two dialects: bytes of a file into the map.  Private to this folder.
 *
 * Both report what is wrong with file and line and go on as far as that makes sense; they return 0,
 * or -ERR_NO_MEMORY.  `text` is borrowed for the call, `file` must live as long as the map.
 */
#ifndef HOLDFAST_CONFIG_READERS_H
#define HOLDFAST_CONFIG_READERS_H

#include "base/str.h"
#include "config/config.h"
#include "config/map.h"
#include "config/report.h"

enum { CONFIG_FILE_BYTES_MAX = 4 << 20 };

/*
 * Hadoop's XML: <configuration> with <property> of <name>, <value> and perhaps <final>; the three
 * may be attributes too.  Files that it includes are read by `files`.  A document that declares
 * entities is refused.
 */
int config_read_xml(struct config_map *map, const struct config_reader *files, struct str file,
                    struct str text, struct config_report *report) MUST_USE;

/*
 * Java's properties: comments after # and !, lines continued after a backslash, name and value
 * apart by =, : or blanks, escapes \t \n \r \f \uXXXX.  Bytes beyond ASCII are taken as they are
 * (UTF-8 stays UTF-8).
 */
int config_read_properties(struct config_map *map, struct str file, struct str text,
                           struct config_report *report) MUST_USE;

#endif
