/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints in pieces: for a peer whose next entry is in no segment any more, and from a leader.
 *
 * Pieces are read and packed on the work thread, and unpacked and stored on the sync thread, behind
 * the vote record that the core gave before.  The core counts what they are unpacked.  After the
 * last one the checkpoint is installed (replicated_install.c).
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/twins.h"
#include "journal/piece_pack.h"
#include "journal/replicated.h"
#include "journal/text.h"

enum { TELL_EVERY_US = 60 * 1000 * 1000 };

/* ---- giving ---- */

struct chunk_fetch {
	struct io_work work;
	struct replicated *replicated;
	struct raft_fetch_chunk fetch;
	bool packs;
	char cluster_id[CLUSTER_ID_BYTES_MAX + 1];
	struct checkpoint_chunk chunk;
	struct buf bytes, packed; /* nothing in `packed`: the bytes go as they are */
	int rc;
	char *text;
};

static void run_fetch(struct io_work *work)
{
	struct chunk_fetch *fetch = CONTAINER_OF(work, struct chunk_fetch, work);
	const struct raft_fetch_chunk *wanted = &fetch->fetch;

	fetch->rc = checkpoint_source_read(fetch->replicated->source, fetch->cluster_id,
	                                   wanted->index, wanted->offset, wanted->bytes_max,
	                                   &fetch->bytes, &fetch->chunk, &fetch->text);
	if (fetch->rc == 0 && fetch->packs)
		(void)piece_pack(buf_str(&fetch->bytes), fetch->replicated->options.pack_level,
		                 &fetch->packed);
}

static void fetch_done(struct io_work *work)
{
	struct chunk_fetch *fetch = CONTAINER_OF(work, struct chunk_fetch, work);
	struct replicated *replicated = fetch->replicated;
	struct journal *journal = replicated->journal;
	struct raft_event event = {.kind = RAFT_CHUNK_FETCHED,
	                           .chunk_fetched = {.number = fetch->fetch.number}};

	replicated->works--;
	if (fetch->rc == 0) {
		event.chunk_fetched.index = fetch->chunk.index;
		event.chunk_fetched.index_term = fetch->chunk.epoch;
		event.chunk_fetched.size = fetch->bytes.size;
		event.chunk_fetched.is_last = fetch->chunk.is_last;
		replicated->carried[0] =
		        buf_str(fetch->packed.size > 0 ? &fetch->packed : &fetch->bytes);
		replicated->carried_count = 1;
	} else if (fetch->rc != -ERR_NO_FILE) {
		replicated->needs_checkpoint |= fetch->rc == -ERR_DAMAGED;
		journal_notice(journal, fetch->rc, fetch->text);
		fetch->text = NULL;
	}
	replicated_step(replicated, &event);
	replicated->carried_count = 0;
	buf_finish(&fetch->bytes);
	buf_finish(&fetch->packed);
	mem_free(fetch->text);
	mem_free(fetch);
	journal_step_close(journal);
}

static bool takes_packed(const struct replicated *replicated, struct raft_id peer)
{
	return replicated->link != NULL &&
	       (peer_link_features(replicated->link, peer) & PEER_TAKES_PACKED) != 0;
}

void replicated_want_chunk(struct replicated *replicated, const struct raft_fetch_chunk *wanted)
{
	struct journal *journal = replicated->journal;
	struct chunk_fetch *fetch = mem_must_zalloc(sizeof(*fetch));

	fetch->work = (struct io_work){.run = run_fetch, .done = fetch_done};
	fetch->replicated = replicated;
	fetch->fetch = *wanted;
	fetch->packs = replicated->options.packs_pieces && takes_packed(replicated, wanted->to);
	memcpy(fetch->cluster_id, journal->marker.cluster_id, sizeof(fetch->cluster_id));
	buf_init(&fetch->bytes);
	buf_init(&fetch->packed);
	replicated->works++;
	io_thread_submit(journal->work_thread, &fetch->work);
}

/* ---- taking ---- */

struct chunk_store {
	struct io_work work;
	struct replicated *replicated;
	struct raft_store store;
	struct buf bytes; /* as they came: packed if fewer than `size` */
	size_t size;
	int rc;
};

static void run_store(struct io_work *work)
{
	struct chunk_store *store = CONTAINER_OF(work, struct chunk_store, work);
	struct str piece = buf_str(&store->bytes);
	struct buf unpacked;

	buf_init(&unpacked);
	if (store->replicated->owes_vote) /* which is to be there first */
		store->rc = -ERR_NO_SPACE;
	else if (piece.size < store->size && !IS_BROKEN(PACKED_AS_SENT)) {
		store->rc = piece_unpack(piece, store->size, &unpacked);
		piece = buf_str(&unpacked);
	}
	if (store->rc == 0)
		store->rc = checkpoint_sink_store(store->replicated->sink, store->store.index,
		                                  store->store.offset, piece);
	buf_finish(&unpacked);
}

/* It is asked for again all the time. */
static void tell_not_stored(struct replicated *replicated, int rc)
{
	struct journal *journal = replicated->journal;
	uint64_t now_us = io_now_us(journal->io);

	if (replicated->store_told_us != 0 && now_us - replicated->store_told_us < TELL_EVERY_US)
		return;
	replicated->store_told_us = now_us;
	journal_notice(journal, rc,
	               text_make("%s: a piece of a checkpoint from the primary cannot be stored: "
	                         "%s. It is asked for again until it can%s",
	                         journal->folder, err_text(rc),
	                         rc == -ERR_NO_SPACE ? ": make room on this device" : ""));
}

static void store_done(struct io_work *work)
{
	struct chunk_store *store = CONTAINER_OF(work, struct chunk_store, work);
	struct replicated *replicated = store->replicated;
	struct journal *journal = replicated->journal;
	struct raft_event event = {
	        .kind = RAFT_CHUNK_STORED,
	        .stored = {.index = store->store.index,
	                   .offset = store->store.offset + store->size},
	};

	replicated->works--;
	if (store->rc < 0) {
		event.stored.offset = 0;
		tell_not_stored(replicated, store->rc);
	}
	replicated_step(replicated, &event);
	if (store->rc == 0 && store->store.is_last && !journal->is_closing)
		replicated_install(replicated, &store->store);
	buf_finish(&store->bytes);
	mem_free(store);
	journal_step_close(journal);
}

void replicated_store(struct replicated *replicated, const struct raft_store *wanted)
{
	struct chunk_store *store = mem_must_zalloc(sizeof(*store));

	store->work = (struct io_work){.run = run_store, .done = store_done};
	store->replicated = replicated;
	store->store = *wanted;
	store->size = replicated->receiving->message.chunk.size;
	buf_init(&store->bytes);
	buf_append_str(&store->bytes, replicated->receiving->payload);
	if (store->bytes.failed)
		fatal_damage("out of memory for a piece of a checkpoint");
	replicated->works++;
	io_thread_submit(replicated->journal->sync_thread, &store->work);
}

/* ---- life ---- */

int replicated_transfer_create(struct replicated *replicated)
{
	const struct journal *journal = replicated->journal;
	int rc = checkpoint_source_create(journal->io, journal->folder, &replicated->source);

	if (rc == 0)
		rc = checkpoint_sink_create(journal->io, journal->folder, &replicated->sink);
	return rc;
}

void replicated_transfer_destroy(struct replicated *replicated)
{
	checkpoint_source_destroy(replicated->source);
	checkpoint_sink_destroy(replicated->sink);
}
