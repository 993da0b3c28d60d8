/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's input, whole and cut, must come to the same calls, answers and end.  The first
 * byte of the input says how it is cut.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "rpc/conn_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	struct buf answers;
	uint64_t calls; /* hash of all */
	uint64_t call_count;
	bool is_closed;
};

static void add(struct outcome *outcome, struct str bytes)
{
	outcome->calls = hash64(outcome->calls + bytes.size, bytes.data, bytes.size);
}

static void add_call(struct outcome *outcome, const struct conn_parse *parse,
                     struct conn_call *call)
{
	CHECK(parse->identity.user.size > 0);
	CHECK(call->header.call_id >= 0);
	add(outcome, parse->identity.user);
	add(outcome, call->header.client_id);
	add(outcome, call->method.protocol);
	add(outcome, call->method.name);
	add(outcome, call->message);
	outcome->calls += (uint32_t)call->header.call_id;
	outcome->call_count++;
	mem_free(call->frame.memory);
}

static void feed(struct conn_parse *parse, struct cursor input, struct outcome *outcome)
{
	while (!outcome->is_closed) {
		struct conn_call call;

		switch (conn_parse_next(parse, &input, &outcome->answers, &call)) {
		case CONN_MORE: CHECK(cursor_left(&input) == 0); return;
		case CONN_CALL: add_call(outcome, parse, &call); break;
		case CONN_ANSWER: break;
		case CONN_CLOSE: outcome->is_closed = true; break;
		}
	}
}

static struct outcome run(const uint8_t *data, size_t size, size_t piece)
{
	struct conn_rules rules = {.frame_bytes_max = 1 << 20};
	struct outcome outcome = {0};
	struct conn_parse parse;

	conn_parse_init(&parse, &rules, "127.0.0.1");
	for (size_t at = 0; at < size; at += piece)
		feed(&parse, cursor_make(data + at, piece < size - at ? piece : size - at),
		     &outcome);
	CHECK(frames_held(&parse.frames) <= 2 * size + 512);
	conn_parse_finish(&parse);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, cut;

	if (size < 2)
		return 0;
	whole = run(data + 1, size - 1, size);
	cut = run(data + 1, size - 1, 1 + data[0] % 16);
	CHECK(whole.is_closed == cut.is_closed);
	CHECK(whole.call_count == cut.call_count && whole.calls == cut.calls);
	CHECK(str_equal(buf_str(&whole.answers), buf_str(&cut.answers)));
	buf_finish(&whole.answers);
	buf_finish(&cut.answers);
	return 0;
}
