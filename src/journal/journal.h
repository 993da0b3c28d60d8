/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: the ordered, durable history of namespace changes.
 *
 *   client > io > rpc > service > master > JOURNAL > namespace > service > rpc > client
 *
 * It is replicated among the own disks of several masters, by Raft; a master that is alone is a
 * quorum of one.  Nothing here assumes that a folder can preallocate or open past the page cache.
 * The journal never looks inside a payload; it is handed a struct state_machine.
 *
 * Order of a write: journal_append() gives it the next index and copies its payload into the batch
 * being filled; one batch is on its way at a time (one write, one sync, on the journal's own
 * thread); when it is committed, the state machine applies its entries in order of index, and each
 * append's done() runs once.  Completion is told apart as committed, surely not written, and
 * unknown (a call that may be in some journal is never answered "try elsewhere").
 *
 * Failure.  A failed write or sync ends primacy at once and then the process (fatal_damage);
 * nobody retries a sync.  Lack of room is met earlier: the next segment is prepared ahead; if that
 * fails, appends are refused with -ERR_NO_SPACE until there is room again, which is tried by
 * itself.
 *
 * Threads: everything here is called on the loop thread, and calls back on it.
 */
#ifndef HOLDFAST_JOURNAL_JOURNAL_H
#define HOLDFAST_JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/str.h"
#include "io/io.h"

struct journal;
struct journal_append;

/* ---- what the journal drives ---- */

/* An entry as the state machine sees it. */
struct journal_entry {
	uint64_t index;
	uint64_t epoch;
	uint16_t kind;
	uint8_t version;
	struct str payload; /* valid during the call */
	struct journal_append
	        *append; /* the request that brought it here; NULL: replay, or a peer */
};

struct state_machine {
	void *context;
	/* Committed entries in order of index, all of one batch together. */
	void (*apply)(void *context, const struct journal_entry *entries, size_t count);
	/* Index of the last entry applied. */
	uint64_t (*applied)(void *context);
	/* Digest after that entry. */
	struct hash128 (*digest)(void *context);
	/* A checkpoint of this instant, written beside service in slices on the loop thread. */
	void *(*save_begin)(void *context, uint64_t *ret_index, struct hash128 *ret_digest,
	                    uint64_t *ret_records);
	/* Appends about `bytes` of whole records; 1: more, 0: finished. */
	int (*save_step)(void *context, void *save, size_t bytes, struct buf *buf);
	void (*save_end)(void *context, void *save);
	/* Replaces the state by a checkpoint's; records come in pieces as save_step() gave them. */
	void *(*load_begin)(void *context);
	/* On any thread, one call at a time: what is being loaded is nobody else's yet. */
	int (*load_step)(void *context, void *load, struct str records);
	/* Over either way; < 0: the digest differs, and the state is as empty as at first. */
	int (*load_end)(void *context, void *load, uint64_t index, struct hash128 digest);
	/* Instead of load_end(): the file turned out bad.  The state is as empty as at first. */
	void (*load_cancel)(void *context, void *load);
};

/* ---- appending ---- */

enum journal_outcome {
	JOURNAL_COMMITTED,   /* applied already when done() runs */
	JOURNAL_NOT_WRITTEN, /* surely never in any journal */
	JOURNAL_UNKNOWN,     /* may be in some journal; the retry table will tell */
};

/* Embedded in the caller's struct; the caller's again when done() runs. */
struct journal_append {
	uint16_t kind;
	uint8_t version;
	struct str payload; /* borrowed for the call of journal_append() only */
	void (*done)(struct journal_append *append, enum journal_outcome outcome);
	uint64_t index;   /* set by journal_append() */
	uint64_t epoch;   /* private */
	struct list node; /* private */
};

/* 0: done() will run once, later.  Else done() never runs, and nothing was kept:
 *   -ERR_STANDBY    not primary
 *   -ERR_AGAIN      limit of bytes in flight, or the next segment is still being prepared;
 *                   journal_options.on_room says when to try again
 *   -ERR_NO_SPACE   no place for it on the device; on_room says when there is
 *   -ERR_TOO_LARGE  above entry_bytes_max
 *   -ERR_NO_MEMORY
 * What is accepted has its place on the device already, so lack of room never meets it later. */
int journal_append(struct journal *journal, struct journal_append *append);

/* ---- life ---- */

enum journal_phase {
	JOURNAL_STARTING, /* loading a checkpoint, replaying */
	JOURNAL_FOLLOWING,
	JOURNAL_LEADING, /* appends are taken */
	JOURNAL_STOPPED,
};

struct journal_progress {
	enum journal_phase phase;
	uint64_t applied;    /* index */
	uint64_t target;     /* index known to exist when the start began */
	uint64_t bytes_done; /* of checkpoint and segments */
	uint64_t bytes_total;
	uint64_t elapsed_ms;
	uint64_t eta_ms; /* all ones: unknown */
};

/* Times in milliseconds. */
struct journal_replication {
	const char *address;         /* host:port under which the other masters reach this one */
	const char *service_address; /* host:port that this master's clients call */
	/* Of all configured masters, with or without one's own; at most JOURNAL_MEMBERS_MAX.  With
	 * none it is alone, until an operator lets others in (JOURNAL_ALLOW): only then, or when
	 * its journal says that there are others, it listens at `address`. */
	const char *const *addresses;
	size_t address_count;
	const char *bind_host; /* NULL: all addresses; the port is `address`'s */
	uint64_t election_min_ms;
	uint64_t election_max_ms;
	uint64_t heartbeat_ms;
	uint64_t retry_ms;          /* between attempts to reach a peer */
	uint64_t silence_ms;        /* a connection that says nothing for so long is cut */
	size_t message_bytes_max;   /* larger ones of peers are refused */
	size_t append_bytes_max;    /* entries in one message */
	size_t window_bytes_max;    /* sent to one peer and not yet acknowledged */
	size_t chunk_bytes_max;     /* of a checkpoint in one message; at most 64 MiB */
	bool packs_pieces;          /* those are packed on their way to peers, where that helps, */
	int pack_level;             /* ... at this level of zlib's */
	size_t tail_bytes_max;      /* entries kept in memory for peers */
	uint64_t clock_skew_max_ms; /* between wall clocks; beyond it a master lets others stand
	                               first */
	bool reads_by_lease;
	bool syncs_behind;     /* acknowledges before it syncs (journal/behind.h) */
	uint64_t digest_every; /* indexes between states that are compared; 0: the usual number */
	bool leave_is_needed;  /* who is not configured here joins by JOURNAL_ALLOW only */
	bool forms_alone; /* operator: form a cluster although a configured address is silent */
	/* Entry 1, if it is this master that forms the cluster: its identity. */
	uint16_t first_kind;
	uint8_t first_version;
	struct str first_payload;
	/* The entry behind which no id is given out again that lost entries may have given out. */
	uint16_t skip_kind;
	uint8_t skip_version;
	struct str skip_payload;
	/* The same with fewer, where syncs run behind: there the first entry of every epoch is
	 * such a one, for what is lost then needs no operator.  Empty: none. */
	struct str leap_payload;
};

struct journal_options {
	struct io *io;
	const char *folder; /* of this master: marker, segments, checkpoints */
	struct state_machine machine;
	uint64_t segment_bytes;      /* a segment is closed at this size; 64 MiB */
	uint64_t checkpoint_entries; /* a checkpoint starts after so many entries ... */
	uint64_t checkpoint_bytes;   /* ... or bytes; 0: never by itself */
	size_t inflight_bytes_max;   /* appended, not yet committed */
	size_t entry_bytes_max;
	size_t batch_bytes_max; /* one write; flush.size.max */
	uint64_t sync_hang_ms;  /* a sync that takes longer counts as a failed disk; 0: never */
	const struct journal_replication *replication; /* copied */
	bool keep_segments;                            /* tests: never delete a segment */
	/* Callbacks on the loop, with `context`.  Any may be NULL. */
	void *context;
	void (*on_phase)(void *context, const struct journal_progress *progress);
	void (*on_progress)(void *context, const struct journal_progress *progress);
	void (*on_room)(
	        void *context); /* after -ERR_AGAIN or -ERR_NO_SPACE: appends are taken again */
	/* The start failed: rc and a text for the operator (what, where, what to do next).  Nothing
	 * goes on by itself; the owner closes. */
	void (*on_failure)(void *context, int rc, const char *text);
	/* Worth a line in the log, and handled: a torn batch cut, a bad checkpoint passed over, no
	 * room, room again (rc 0). */
	void (*on_notice)(void *context, int rc, const char *text);
};

/* Locks the folder and begins the start (checkpoint, replay), which goes on in slices on the loop;
 * on_phase says when it leads.  At once: -ERR_ABSENT (never formatted, or not mounted), -ERR_IN_USE
 * (a running process has it), others; *ret_text then holds the text for the operator (mem_free).
 * Who is alone leads as soon as it has replayed and what it found past the last commit mark is
 * durable in a fresh segment; without such a rest the fresh segment comes with the first append.
 * With no room for that segment it stays JOURNAL_STARTING, says so, and goes on when there is. */
int journal_open(const struct journal_options *options, struct journal **ret_journal,
                 char **ret_text);
/* Stops taking appends; finishes what is in flight (done() runs), gives up a running checkpoint;
 * then on_closed, from a later turn.  Questions are answered until it is destroyed. */
void journal_close(struct journal *journal, void (*on_closed)(void *context), void *context);
/* After on_closed; NULL: nothing.  Frees everything and unlocks the folder. */
void journal_destroy(struct journal *journal);

/* ---- reading ---- */

uint64_t journal_commit_index(const struct journal *journal);
/* Of the last entry that has its place on the device.  A standby may have taken more than that from
 * the primary, and wait for room for it. */
uint64_t journal_last_index(const struct journal *journal);
uint64_t journal_epoch(const struct journal *journal);
void journal_progress(const struct journal *journal, struct journal_progress *ret_progress);

/* Asks for a proof of primacy that began after this call; done(context, rc) runs once: 0 when a
 * read may be answered here, the state being at least `index` new (applied already).  A master
 * alone and a primary with its lease answer in the call; a standby after a round with the primary,
 * which is also the proof that the primary lived after this call.  -ERR_STANDBY: no primary
 * answered within an election time-out, or a checkpoint is being loaded; try again. */
struct journal_read {
	void (*done)(struct journal_read *read, int rc, uint64_t index);
	struct list node;  /* private */
	uint64_t ticket;   /* private: of the core */
	uint64_t index;    /* private: once proven */
	uint64_t asked_us; /* private */
	bool is_proven;    /* private */
};
void journal_read_index(struct journal *journal, struct journal_read *read);
/* The state here is not the primary's, as their digests say: it is not to be shown to anybody. */
bool journal_is_odd(const struct journal *journal);

/* ---- the quorum ---- */

enum { JOURNAL_MEMBERS_MAX = 9, JOURNAL_ADDRESS_BYTES_MAX = 263, JOURNAL_ID_BYTES = 16 };

struct journal_member {
	uint8_t id[JOURNAL_ID_BYTES];
	char address[JOURNAL_ADDRESS_BYTES_MAX + 1];         /* as the list of members has it */
	char service_address[JOURNAL_ADDRESS_BYTES_MAX + 1]; /* as it told; empty: never heard */
	bool is_voter;                                       /* else it only receives, a learner */
	bool is_self;
	bool is_primary; /* as far as this master knows */
	bool is_connected;
	bool gets_checkpoint;
	uint8_t priority;
	uint64_t match;        /* index that it surely has; known to the primary only */
	uint64_t heard_ms_ago; /* all ones: never */
	uint32_t health;       /* 0 is best */
};

struct journal_quorum {
	const char *role; /* raft's word for it: follower, candidate, leader ... */
	uint64_t term;
	uint64_t commit, applied, synced, last;
	bool syncs_behind;             /* what is above `synced` may be acknowledged already */
	uint64_t primary_heard_ms_ago; /* standby: all ones: never */
	uint64_t lag_ms; /* since all was applied that was heard to be committed; all ones: never */
	const char *waits_for; /* what keeps it from serving, for the operator; NULL: nothing */
	bool is_changing;      /* a change of the members is not committed yet */
	bool is_odd;           /* see journal_is_odd() */
	size_t tail_bytes;     /* newest entries that are in memory */
	size_t count;
	struct journal_member members[JOURNAL_MEMBERS_MAX];
};
void journal_quorum(const struct journal *journal, struct journal_quorum *ret_quorum);

enum journal_change_kind {
	JOURNAL_ALLOW,    /* whoever comes from `address` may join */
	JOURNAL_REMOVE,   /* the member at `address` leaves */
	JOURNAL_PRIORITY, /* of the member at `address` */
	JOURNAL_TRANSFER, /* primacy goes to the member at `address`; empty: to whoever is best */
};

/* Embedded in the caller's struct; the caller's again when done() runs, exactly once, never inside
 * journal_change().  rc 0: committed, or handed over.  -ERR_STANDBY: not the primary;
 * -ERR_INVALID, -ERR_NOT_FOUND, -ERR_BUSY, ...: `text` says why for the operator (valid during
 * done()). */
struct journal_change {
	enum journal_change_kind kind;
	const char *address; /* borrowed until done() */
	uint8_t priority;
	void (*done)(struct journal_change *change, int rc, const char *text);
	struct list node;             /* private */
	struct io_task task;          /* private */
	uint64_t asked_ms;            /* private */
	uint8_t id[JOURNAL_ID_BYTES]; /* private: of the member */
	int rc;                       /* private */
	const char *text;             /* private */
};
void journal_change(struct journal *journal, struct journal_change *change);

/* ---- checkpoints ---- */

/* Starts one now if none runs; done (may be NULL) says how it ended.  -ERR_BUSY: one runs;
 * -ERR_STANDBY: starting, closing, or nothing was applied yet. */
int journal_checkpoint(struct journal *journal, void (*done)(void *context, int rc, uint64_t index),
                       void *context);

/* ---- figures ---- */

enum { JOURNAL_SYNC_CLASSES = 16, JOURNAL_SYNC_CLASS_US = 64 };

struct journal_stats {
	uint64_t batches; /* = syncs */
	/* Of those the n-th class has what took less than JOURNAL_SYNC_CLASS_US << n and is in no
	 * class before; the last one has the rest. */
	uint64_t sync_classes[JOURNAL_SYNC_CLASSES];
	uint64_t entries;
	uint64_t bytes;
	uint64_t sync_us_sum;
	uint64_t sync_us_max;
	uint64_t inflight_bytes;
	uint64_t segments;
	uint64_t newest_checkpoint; /* index; 0: none */
	uint64_t refused_no_space;
	bool is_out_of_room;        /* now */
	uint64_t room_needed_bytes; /* what must be free for it to end; 0: it is not */
	const char *disk_work;      /* under way that a promise waits for: "a sync"; NULL: none */
	uint64_t disk_work_us;      /* that it has taken so far */
};
void journal_stats(const struct journal *journal, struct journal_stats *ret_stats);

/* ---- offline tools (also on a folder that a master uses) ---- */

struct journal_format_options {
	struct io *io;
	const char *folder;
	bool is_member; /* of a quorum that it will form or join: without entries, cluster unknown
	                 */
	struct str cluster_id; /* empty: drawn, or, for a member, got with the first contact */
	uint16_t kind; /* entry 1: written by format, so that an empty journal has its identity */
	uint8_t version;
	struct str payload;
};
/* Makes a journal with entry 1, or an empty one.  A folder that has one already is moved aside
 * (renamed to NAME.before-format-<utc>) and only if everything in it is recognised by name and
 * magic; refuses while a master runs there.  *ret_text: what happened, or why not. */
int journal_format(const struct journal_format_options *options, char **ret_text);
bool journal_is_formatted(struct io *io, const char *folder);

/* For a majority that is gone for ever: makes one of its masters, which does not run, a quorum of
 * one anew, of a history of its own, so that none of the others is ever counted again.  Only the
 * vote record changes; a copy of it is put beside the folder.  `report` gets lines about what is
 * there and what may be lost.  -ERR_WRITE_REFUSED: everything is fit for it, but not `is_unsafe`,
 * so nothing was changed.  Other errors: *ret_text. */
int journal_recover(struct io *io, const char *folder, bool is_unsafe, struct buf *report,
                    char **ret_text);

struct journal_file {
	const char *name;
	bool is_checkpoint;
	bool is_open;
	uint64_t bytes;
	uint64_t first_index;
	uint64_t last_index; /* 0: empty */
	uint64_t epoch;
	int rc;           /* 0, or what is wrong with it */
	const char *text; /* of what is wrong: index, offset, next command */
};
/* Lists files in order of index; false from `each` stops.  Looks at headers, footers and the newest
 * segment; journal_verify() looks at everything. */
int journal_ls(struct io *io, const char *folder,
               bool (*each)(void *context, const struct journal_file *file), void *context,
               char **ret_text);
/* Entries from `first` to `last`, as far as there are any, those past the last commit mark too. */
int journal_cat(struct io *io, const char *folder, uint64_t first, uint64_t last,
                bool (*each)(void *context, const struct journal_entry *entry), void *context,
                char **ret_text);

struct journal_verdict {
	uint64_t segments;
	uint64_t checkpoints;
	uint64_t entries;
	uint64_t first_index;
	uint64_t last_index;
	uint64_t last_mark; /* all up to here was acknowledged */
	uint64_t problems;
};
/* Checks every byte; each problem is one line in `report`. */
int journal_verify(struct io *io, const char *folder, struct buf *report,
                   struct journal_verdict *ret_verdict);

#endif
