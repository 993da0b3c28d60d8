/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place for tests of the journal on the real machine: a folder, a loop, a toy state machine, and
 * callbacks that remember what was told.  Include after cmocka.h.
 */
#ifndef HOLDFAST_TESTS_UNIT_JOURNAL_HOUSE_H
#define HOLDFAST_TESTS_UNIT_JOURNAL_HOUSE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/io.h"
#include "journal/journal.h"
#include "unit/io/run_until.h"
#include "unit/journal/alone.h"
#include "unit/journal/toy_machine.h"

struct house {
	struct io *io;
	char top[64];     /* removed at the end with everything in it */
	char folder[128]; /* of the journal, not made yet */
	struct toy toy;
	void *test; /* for what a test puts in the place of the toy's functions */
	struct journal_options options;
	struct journal *journal; /* NULL: not open */
	enum journal_phase phase;
	int failure;
	char *failure_text;
	struct buf notices;
	size_t room_calls;
	bool is_closed;
};

static inline void house_on_phase(void *context, const struct journal_progress *progress)
{
	((struct house *)context)->phase = progress->phase;
}

static inline void house_on_failure(void *context, int rc, const char *text)
{
	struct house *house = context;

	house->failure = rc;
	free(house->failure_text);
	house->failure_text = strdup(text);
}

static inline void house_on_notice(void *context, int rc, const char *text)
{
	(void)rc;
	buf_append_format(&((struct house *)context)->notices, "%s\n", text);
}

static inline void house_on_room(void *context)
{
	((struct house *)context)->room_calls++;
}

static inline void house_on_closed(void *context)
{
	struct house *house = context;

	journal_destroy(house->journal);
	house->journal = NULL;
	house->is_closed = true;
}

static inline int house_setup(void **state)
{
	struct house *house = calloc(1, sizeof(*house));

	assert_int_equal(io_create(&house->io), 0);
	snprintf(house->top, sizeof(house->top), "./journal-test-XXXXXX");
	assert_non_null(mkdtemp(house->top));
	snprintf(house->folder, sizeof(house->folder), "%s/journal", house->top);
	buf_init(&house->notices);
	house->options = (struct journal_options){
	        .io = house->io,
	        .folder = house->folder,
	        .machine = toy_machine(&house->toy),
	        .segment_bytes = 256 * 1024,
	        .inflight_bytes_max = 1 << 20,
	        .entry_bytes_max = 100 * 1000,
	        .batch_bytes_max = 64 * 1024,
	        .sync_hang_ms = 60 * 1000,
	        .replication = &alone_replication,
	        .context = house,
	        .on_phase = house_on_phase,
	        .on_failure = house_on_failure,
	        .on_notice = house_on_notice,
	        .on_room = house_on_room,
	};
	*state = house;
	return 0;
}

static inline void house_close(struct house *house)
{
	if (house->journal == NULL)
		return;
	house->is_closed = false;
	journal_close(house->journal, house_on_closed, house);
	RUN_UNTIL(house->io, house->is_closed);
	toy_clear(&house->toy);
	house->phase = JOURNAL_STARTING;
}

static inline int house_teardown(void **state)
{
	struct house *house = *state;
	char command[256];

	house_close(house);
	toy_clear(&house->toy);
	buf_finish(&house->notices);
	free(house->failure_text);
	io_destroy(house->io);
	snprintf(command, sizeof(command), "rm -rf '%s'", house->top);
	assert_int_equal(system(command), 0);
	free(house);
	return 0;
}

static inline void house_format(struct house *house)
{
	struct journal_format_options options = {.io = house->io,
	                                         .folder = house->folder,
	                                         .cluster_id = STR("CID-house"),
	                                         .kind = 1,
	                                         .version = 1,
	                                         .payload = STR("entry one")};
	char *text = NULL;

	assert_int_equal(journal_format(&options, &text), 0);
	assert_non_null(text);
	mem_free(text);
}

/* Opens and waits until it leads. */
static inline void house_open(struct house *house)
{
	char *text = NULL;

	assert_int_equal(journal_open(&house->options, &house->journal, &text), 0);
	RUN_UNTIL(house->io, house->phase == JOURNAL_LEADING || house->failure != 0);
	assert_int_equal(house->failure, 0);
}

/* Opens; the start must fail. */
static inline void house_open_fails(struct house *house, int rc)
{
	char *text = NULL;

	assert_int_equal(journal_open(&house->options, &house->journal, &text), 0);
	RUN_UNTIL(house->io, house->phase == JOURNAL_LEADING || house->failure != 0);
	assert_int_equal(house->failure, rc);
	house->failure = 0;
	house_close(house);
}

struct house_append {
	struct journal_append append;
	int done_calls;
	bool is_inside; /* of journal_append() */
	enum journal_outcome outcome;
	size_t order; /* of done() among all */
};

static inline size_t *house_done_count(void)
{
	static size_t count;

	return &count;
}

static inline void house_append_done(struct journal_append *append, enum journal_outcome outcome)
{
	struct house_append *request = CONTAINER_OF(append, struct house_append, append);

	assert_false(request->is_inside);
	request->done_calls++;
	request->outcome = outcome;
	request->order = ++*house_done_count();
}

static inline int house_append(struct house *house, struct house_append *request,
                               struct str payload)
{
	int rc;

	*request = (struct house_append){
	        .append = {.kind = 10, .version = 1, .payload = payload, .done = house_append_done},
	        .is_inside = true};
	rc = journal_append(house->journal, &request->append);
	request->is_inside = false;
	return rc;
}

/* Appends `count` entries one after the other, each waited for. */
static inline void house_fill(struct house *house, size_t count, size_t payload)
{
	char *bytes = calloc(1, payload + 8);
	struct house_append request;

	for (size_t i = 0; i < count; i++) {
		size_t room_calls = house->room_calls;
		uint64_t last = journal_last_index(house->journal);
		int rc;

		memcpy(bytes, &last, sizeof(last));
		rc = house_append(house, &request, str_make(bytes, payload));
		if (rc == -ERR_AGAIN) {
			RUN_UNTIL(house->io, house->room_calls > room_calls);
			i--;
			continue;
		}
		assert_int_equal(rc, 0);
		RUN_UNTIL(house->io, request.done_calls == 1);
	}
	free(bytes);
}

/* Names in the journal's folder that begin with `prefix`; files not yet finished only where it
 * names one. */
static inline size_t house_count(struct house *house, const char *prefix)
{
	size_t count = 0, found = 0;
	char **names;

	assert_int_equal(io_list_folder(house->io, house->folder, &names, &count), 0);
	for (size_t i = 0; i < count; i++) {
		const char *unfinished = strstr(names[i], ".tmp");

		found += strncmp(names[i], prefix, strlen(prefix)) == 0 &&
		         (unfinished == NULL || strstr(prefix, ".tmp") != NULL);
	}
	io_free_names(names, count);
	return found;
}

/* Path of the name that begins with `prefix` and has `before` of that kind before it; the last one
 * if there are fewer. */
static inline const char *house_path(struct house *house, const char *prefix, size_t before)
{
	static char path[512];
	size_t count = 0, found = 0;
	char **names;

	path[0] = '\0';
	assert_int_equal(io_list_folder(house->io, house->folder, &names, &count), 0);
	for (size_t i = 0; i < count && found <= before; i++) {
		if (strncmp(names[i], prefix, strlen(prefix)) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", house->folder, names[i]);
		found++;
	}
	io_free_names(names, count);
	assert_true(path[0] != '\0');
	return path;
}

static inline const char *house_newest(struct house *house, const char *prefix)
{
	return house_path(house, prefix, SIZE_MAX);
}

static inline const char *house_second(struct house *house, const char *prefix)
{
	return house_path(house, prefix, 1);
}

static inline void house_flip(const char *path, long offset)
{
	FILE *file = fopen(path, "r+b");
	int byte;

	assert_non_null(file);
	assert_int_equal(fseek(file, offset, SEEK_SET), 0);
	byte = fgetc(file);
	assert_int_equal(fseek(file, offset, SEEK_SET), 0);
	fputc(byte ^ 0x10, file);
	fclose(file);
}

#endif
