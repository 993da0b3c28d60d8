/* SPDX-License-Identifier: Apache-2.0 */
#include "service/replica_reader.h"

#include "base/err.h"

enum {
	FINALIZED_NUMBERS = 3, /* id, bytes, stamp */
	OTHER_NUMBERS = 4,     /* and state */
	COUNTS = 2,
};

void replica_reader_init(struct replica_reader *reader, const Datanode__StorageBlockReport *report)
{
	*reader = (struct replica_reader){.report = report, .is_delimited = true};
	if (report->has_number_of_blocks) {
		reader->left = report->number_of_blocks;
	} else if (report->n_blocks >= COUNTS) {
		reader->left = report->blocks[0];
		reader->left_other = report->blocks[1];
		reader->at = COUNTS;
		reader->is_delimited = false;
	}
}

/* ---- newer ---- */

static int take_byte(struct replica_reader *reader)
{
	const Datanode__StorageBlockReport *report = reader->report;

	while (reader->buffer < report->n_blocks_buffers) {
		const ProtobufCBinaryData *buffer = &report->blocks_buffers[reader->buffer];

		if (reader->at < buffer->len)
			return buffer->data[reader->at++];
		reader->buffer++;
		reader->at = 0;
	}
	return -ERR_BAD_MESSAGE;
}

static int take_varint(struct replica_reader *reader, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		int byte = take_byte(reader);

		if (byte < 0)
			return byte;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret_value = value;
			return 0;
		}
	}
	return -ERR_BAD_MESSAGE;
}

static int set_state(struct replica *replica, uint64_t state)
{
	if (state > REPLICA_TEMPORARY)
		return -ERR_BAD_MESSAGE;
	replica->state = (enum replica_state)state;
	return 1;
}

static int take_buffered(struct replica_reader *reader, struct replica *ret_replica)
{
	uint64_t id, state;

	if (reader->left == 0)
		return 0;
	reader->left--;
	if (take_varint(reader, &id) < 0 || take_varint(reader, &ret_replica->block.length) < 0 ||
	    take_varint(reader, &ret_replica->block.stamp) < 0 || take_varint(reader, &state) < 0)
		return -ERR_BAD_MESSAGE;
	ret_replica->block.id = id >> 1 ^ -(id & 1);
	return set_state(ret_replica, state);
}

/* ---- older ---- */

/* `count` numbers in place; NULL: there are fewer. */
static const uint64_t *take_numbers(struct replica_reader *reader, size_t count)
{
	const uint64_t *numbers = reader->report->blocks + reader->at;

	if (reader->report->n_blocks - reader->at < count)
		return NULL;
	reader->at += count;
	return numbers;
}

static bool take_delimiter(struct replica_reader *reader)
{
	const uint64_t *numbers = take_numbers(reader, FINALIZED_NUMBERS);

	reader->is_delimited = true;
	return numbers != NULL && (numbers[0] & numbers[1] & numbers[2]) == UINT64_MAX;
}

static int take_numbered(struct replica_reader *reader, struct replica *ret_replica)
{
	bool is_finalized = reader->left > 0;
	const uint64_t *numbers;

	if (!is_finalized && !reader->is_delimited && !take_delimiter(reader))
		return -ERR_BAD_MESSAGE;
	if (!is_finalized && reader->left_other == 0)
		return 0;
	*(is_finalized ? &reader->left : &reader->left_other) -= 1;
	numbers = take_numbers(reader, is_finalized ? FINALIZED_NUMBERS : OTHER_NUMBERS);
	if (numbers == NULL)
		return -ERR_BAD_MESSAGE;
	ret_replica->block =
	        (struct block){.id = numbers[0], .length = numbers[1], .stamp = numbers[2]};
	return set_state(ret_replica, is_finalized ? REPLICA_FINALIZED : numbers[3]);
}

int replica_reader_next(struct replica_reader *reader, struct replica *ret_replica)
{
	return reader->report->has_number_of_blocks ? take_buffered(reader, ret_replica)
	                                            : take_numbered(reader, ret_replica);
}
