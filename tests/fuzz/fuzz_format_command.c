/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payloads of entries from outside: whatever decodes is encoded to bytes that decode to the same
 * command, and is described.  (The journal's own kinds have no command in them.)
 *
 * Input: u16 kind, u8 version, payload.
 */
#include <stdint.h>

#include "base/check.h"
#include "base/cursor.h"
#include "format/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode_again(const struct command *command, struct arena *arena)
{
	struct buf once = {0};
	struct buf twice = {0};
	struct command copy;

	command_encode(command, &once);
	CHECK(command_decode(command->kind, command->version, buf_str(&once), arena, &copy) == 0);
	command_encode(&copy, &twice);
	CHECK(str_equal(buf_str(&once), buf_str(&twice)));
	buf_clear(&twice);
	command_describe(command, &twice);
	buf_finish(&once);
	buf_finish(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_make(data, size);
	unsigned kind = (unsigned)cursor_le(&c, 2);
	unsigned version = cursor_u8(&c);
	struct str payload = cursor_bytes(&c, cursor_left(&c));
	struct command command;
	struct arena arena;

	arena_init(&arena, 1 << 20);
	if (!entry_kind_is_journals(kind) &&
	    command_decode(kind, version, payload, &arena, &command) == 0)
		encode_again(&command, &arena);
	arena_finish(&arena);
	return 0;
}
