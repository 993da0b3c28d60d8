/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands: what a caller wants, as the payload of a journal entry.
 *
 * The journal wraps a payload into an entry (length, CRC32C, index, epoch, kind, version, chain
 * hash; format/entry.h) and never looks inside.  A payload is
 *   common header (command.c has its bytes), the kind's fields in the order of entry_kinds.def,
 *   tagged fields.
 * All integers little endian, strings with a varint length.  A tagged field is (varint tag,
 * varint size, bytes); tag bit 0 set: old code must refuse the entry if it does not know the tag;
 * clear: it may skip it.
 *
 * Strings of a decoded command point into the payload.
 *
 * Some kinds of entries are the journal's own and carry no command: a command of such a kind has
 * nothing but kind and version, and changes nothing.
 */
#ifndef HOLDFAST_FORMAT_COMMAND_H
#define HOLDFAST_FORMAT_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

struct block {
	uint64_t id;     /* from 1073741825; 0: none */
	uint64_t stamp;  /* generation stamp, from 1001 */
	uint64_t length; /* bytes */
};

struct strs {
	struct str *items;
	size_t count;
};

struct u64s {
	uint64_t *items;
	size_t count;
};

/* C types of the field types of entry_kinds.def. */
typedef uint8_t command_field_u8;
typedef uint16_t command_field_u16;
typedef uint32_t command_field_u32;
typedef uint64_t command_field_u64;
typedef bool command_field_bool;
typedef struct str command_field_str;
typedef struct strs command_field_strs;
typedef struct block command_field_block;
typedef struct u64s command_field_u64s;

enum entry_kind {
	ENTRY_NONE = 0,
#define ENTRY(number, name)    ENTRY_##name = number,
#define JOURNALS(number, name) ENTRY_##name = number,
#define RESERVED(number, name)
#include "format/entry_kinds.def"
#undef ENTRY
#undef RESERVED
};

#define COMMAND_FIELD(type, field) command_field_##type field;
#define ENTRY(number, name)                                                                        \
	struct command_##name {                                                                    \
		FIELDS_##name(COMMAND_FIELD)                                                       \
	};
#define RESERVED(number, name)
#include "format/entry_kinds.def"
#undef ENTRY
#undef RESERVED
#undef COMMAND_FIELD

enum command_flags {
	COMMAND_SUPERUSER = 1 << 0, /* the caller owns the file system (or permissions are off) */
	COMMAND_AT_MOST_ONCE = 1 << 1, /* HDFS keeps this method's retry row 600 s, others 60 s */
};

enum command_auth {
	COMMAND_AUTH_NONE = 0,
	COMMAND_AUTH_SIMPLE = 1,
	COMMAND_AUTH_KERBEROS = 2,
	COMMAND_AUTH_TOKEN = 3
};

struct command {
	enum entry_kind kind;
	uint8_t version;       /* of this kind's fields, 0 the first; apply follows it */
	uint8_t flags;         /* enum command_flags */
	uint8_t auth;          /* enum command_auth */
	uint64_t wall_ms;      /* the primary's wall clock: only shown */
	uint64_t age_ms;       /* the cluster's elapsed time: expiry counts this */
	bool has_client;       /* the two below mean something */
	uint8_t client_id[16]; /* with call_id: identifies a repeated call */
	int32_t call_id;
	struct str user; /* effective */
	struct str real_user;
	struct strs groups; /* of user, resolved by the primary, primary group first */
	union {
#define ENTRY(number, name) struct command_##name name;
#define RESERVED(number, name)
#include "format/entry_kinds.def"
#undef ENTRY
#undef RESERVED
	};
};

/* Appends the payload to buf. */
void command_encode(const struct command *command, struct buf *buf);
/* kind and version stand in the entry.  Lists are allocated from arena.  -ERR_DAMAGED: makes no
 * sense; -ERR_UNSUPPORTED: a kind, version or must-understand tag that this build does not know.
 * The journal judges its own kinds by itself, version and payload. */
int command_decode(unsigned kind, unsigned version, struct str payload, struct arena *arena,
                   struct command *ret_command);
/* "mkdirs path=/a mode=0755 ...", for `holdfast journal cat`, logs and scenarios. */
void command_describe(const struct command *command, struct buf *buf);
const char *entry_kind_name(unsigned kind); /* "unknown" for others */
/* True for what is the journal's own: the state machine only takes note of its index. */
bool entry_kind_is_journals(unsigned kind);

#endif
