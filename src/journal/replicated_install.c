/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checkpoint from a leader becomes the state.
 *
 *   whole file checked, renamed, durable > loaded > the log begins anew behind it > core told
 *
 * If the log holds the checkpoint's last entry the state gets there by applying, and only the file
 * was wanted.  Else the state is replaced; nothing is applied, and no read answered, meanwhile.
 * Checking and loading are the checkpoint thread's, which writes none of its own then: a loop that
 * answers others goes on, and what waits least for the processors is done last.
 * Until the fresh segment behind it is there, the old log lies before the checkpoint or differs
 * from it, and a start takes nothing of it.
 *
 * A state that is not the primary's is replaced by this master's own checkpoint in the same way;
 * its log stays, and what follows is applied again.
 */
#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/twins.h"
#include "journal/checkpoint_read.h"
#include "journal/replicated.h"
#include "journal/text.h"

enum {
	RETRY_US = 5000,
	STEP_BYTES = 1 << 20, /* of records loaded before anybody looks whether to go on */
};

struct install {
	struct io_work work;
	struct io_timer retry;
	struct replicated *replicated;
	struct raft_store store;
	bool is_reload;  /* of our own checkpoint; then: */
	bool is_awaited; /* `store` came meanwhile, and is next */
	atomic_bool is_given_up;
	struct checkpoint_header header;
	struct checkpoint_footer footer;
	struct raft_list list; /* in effect there; no members: it has none, see read_list() */
	struct checkpoint_reader *reader;
	struct buf records;
	void *load;
	int rc;
	char *text;
};

static void finish(struct install *install)
{
	struct replicated *replicated = install->replicated;
	struct journal *journal = replicated->journal;
	struct raft_store store = install->store;
	bool is_awaited = install->is_awaited;

	replicated->install = NULL;
	checkpointer_bar(&journal->checkpointer, false);
	io_timer_stop(&install->retry);
	checkpoint_reader_close(install->reader);
	buf_finish(&install->records);
	mem_free(install->text);
	mem_free(install);
	if (is_awaited && !journal->is_closing)
		replicated_install(replicated, &store);
	journal_step_close(journal);
}

/* ---- the end ---- */

static void tell_core(struct install *install)
{
	struct raft_event event = {.kind = RAFT_INSTALLED};

	if (install->rc >= 0) {
		event.installed.index = install->header.index;
		event.installed.index_term = install->header.epoch;
		event.installed.list = install->list.members.count == 0 ? NULL : &install->list;
	}
	event.installed.is_damaged = install->rc == -ERR_DAMAGED;
	replicated_step(install->replicated, &event);
}

static void begin_anew(struct install *install)
{
	struct replicated *replicated = install->replicated;
	struct journal *journal = replicated->journal;
	const struct entry base = {.index = install->header.index,
	                           .epoch = install->header.epoch,
	                           .chain = install->header.chain};

	replicated_entries_end(replicated); /* the log will not tell what the checkpoint holds */
	journal->applied = base;
	journal->commit_index = base.index;
	replicated->unapplied_bytes = 0;
	tail_reset(&replicated->tail, &base);
	commit_begin_anew(&journal->commit, &base);
	checkpointer_loaded(&journal->checkpointer, base.index, journal->checkpointer.newest);
	journal_notice(journal, 0,
	               text_make("%s: the primary's checkpoint of index %" PRIu64 " is loaded",
	                         journal->folder, base.index));
	tell_core(install);
	finish(install);
}

/* ---- the end of a reload ---- */

/* True if the tail has what follows the checkpoint. */
static bool is_followed(const struct replicated *replicated, uint64_t index)
{
	return index > 0 && index < replicated->journal->applied.index &&
	       replicated->tail.first <= index + 1;
}

static void apply_again(struct install *install)
{
	struct replicated *replicated = install->replicated;
	struct journal *journal = replicated->journal;
	struct raft_event event = {.kind = RAFT_TICK};
	uint64_t index = install->header.index;

	for (uint64_t i = index + 1; i <= journal->applied.index && !IS_BROKEN(RELOAD_INCOMPLETE);
	     i++)
		replicated->unapplied_bytes += tail_at(&replicated->tail, i)->size;
	if (!IS_BROKEN(RELOAD_INCOMPLETE))
		journal->applied = (struct entry){.index = index,
		                                  .epoch = install->header.epoch,
		                                  .chain = install->header.chain};
	journal_notice(journal, 0,
	               text_make("%s: the checkpoint of index %" PRIu64
	                         " is loaded again, and what follows it is applied again",
	                         journal->folder, index));
	if (IS_BROKEN(ODD_OVER_UNPROVED))
		replicated->is_odd = false;
	finish(install);
	replicated_step(replicated, &event);
}

/* ---- loading ---- */

/* 1: there is more. */
static int load_block(struct install *install)
{
	const struct state_machine *machine = &install->replicated->journal->options.machine;
	int rc, more;

	buf_clear(&install->records);
	more = checkpoint_reader_next(install->reader, &install->records, &install->text);
	if (more != 1)
		return more;
	rc = machine->load_step(machine->context, install->load, buf_str(&install->records));
	return rc < 0 ? rc : 1;
}

static void run_load(struct io_work *work)
{
	struct install *install = CONTAINER_OF(work, struct install, work);
	const struct journal *journal = install->replicated->journal;
	size_t loaded = 0;

	install->rc = 1;
	if (install->reader == NULL)
		install->rc = checkpoint_reader_open_index(
		        journal->io, journal->folder, install->header.index,
		        install->header.cluster_id, &install->reader, &install->text);
	while (install->rc >= 0 && loaded < STEP_BYTES) {
		install->rc = load_block(install);
		if (install->rc != 1)
			return;
		loaded += install->records.size;
		io_give_way();
	}
}

/* The state is gone already, so it must come out of this process's next start. */
static _Noreturn void cannot_load(struct install *install)
{
	fatal_damage("%s: the checkpoint of index %" PRIu64
	             " was checked but cannot be loaded: %s. Start again: it is loaded then, or "
	             "the one before it",
	             install->replicated->journal->folder, install->header.index,
	             install->text != NULL ? install->text : err_text(install->rc));
}

static void load_done(struct io_work *work)
{
	struct install *install = CONTAINER_OF(work, struct install, work);
	struct journal *journal = install->replicated->journal;
	const struct state_machine *machine = &journal->options.machine;
	bool has_more = install->rc == 1;

	install->replicated->works--;
	if (journal->is_closing) {
		machine->load_cancel(machine->context, install->load);
		finish(install);
		return;
	}
	if (has_more) {
		install->replicated->works++;
		io_thread_submit(journal->checkpoint_thread, &install->work);
		return;
	}
	if (install->rc == 0 && install->is_reload) {
		install->header = *checkpoint_reader_header(install->reader);
		install->footer = *checkpoint_reader_footer(install->reader);
	}
	if (install->rc == 0)
		install->rc = machine->load_end(machine->context, install->load,
		                                install->header.index, install->footer.digest);
	if (install->rc < 0)
		cannot_load(install);
	replicated_digest_forget(install->replicated);
	if (install->is_reload)
		apply_again(install);
	else
		begin_anew(install);
}

static void load(struct install *install)
{
	struct journal *journal = install->replicated->journal;
	const struct state_machine *machine = &journal->options.machine;

	install->load = machine->load_begin(machine->context);
	install->work = (struct io_work){.run = run_load, .done = load_done};
	install->replicated->works++;
	io_thread_submit(journal->checkpoint_thread, &install->work);
}

/* ---- checking ---- */

static void run_check(struct io_work *work)
{
	struct install *install = CONTAINER_OF(work, struct install, work);

	install->rc = checkpoint_sink_finish(install->replicated->sink, install->header.cluster_id,
	                                     &install->is_given_up, &install->header,
	                                     &install->footer, &install->text);
}

/* Before anything is replaced.  A master that was alone when it wrote the checkpoint had no list:
 * the first one is among the entries that follow. */
static int read_list(struct install *install)
{
	const struct checkpoint_header *header = &install->header;

	install->list.index = header->members_index;
	return header->members_bytes == 0
	               ? 0
	               : raft_members_decode(str_make(header->members, header->members_bytes),
	                                     &install->list.members);
}

static void check_done(struct io_work *work)
{
	struct install *install = CONTAINER_OF(work, struct install, work);
	struct journal *journal = install->replicated->journal;

	install->replicated->works--;
	if (journal->is_closing) {
		finish(install);
		return;
	}
	if (install->rc == 0)
		install->rc = read_list(install);
	if (install->rc == 0 && !install->store.keeps_log) {
		load(install);
		return;
	}
	if (install->rc < 0) {
		journal_notice(journal, install->rc, install->text);
		install->text = NULL;
	} else {
		checkpointer_loaded(&journal->checkpointer, install->header.index,
		                    journal->checkpointer.newest);
	}
	tell_core(install);
	finish(install);
}

/* A checkpoint that was being written may have become the newest; and entries went on. */
static void begin_reload(struct install *install)
{
	struct replicated *replicated = install->replicated;

	install->header.index = replicated->journal->checkpointer.newest;
	if (is_followed(replicated, install->header.index))
		load(install);
	else
		finish(install);
}

/* A checkpoint that is being written is given up first. */
static void check(struct io_timer *timer)
{
	struct install *install = CONTAINER_OF(timer, struct install, retry);
	struct journal *journal = install->replicated->journal;

	if (journal->is_closing) {
		finish(install);
		return;
	}
	if (!checkpointer_stop(&journal->checkpointer)) {
		io_timer_start(timer, RETRY_US);
		return;
	}
	if (install->is_reload) {
		begin_reload(install);
		return;
	}
	install->replicated->works++;
	io_thread_submit(journal->checkpoint_thread, &install->work);
}

static void make(struct replicated *replicated, struct install **ret_install)
{
	struct journal *journal = replicated->journal;
	struct install *install = mem_must_zalloc(sizeof(*install));

	replicated->install = install;
	install->replicated = replicated;
	install->work = (struct io_work){.run = run_check, .done = check_done};
	io_timer_init(journal->io, &install->retry, check);
	buf_init(&install->records);
	memcpy(install->header.cluster_id, journal->marker.cluster_id,
	       sizeof(install->header.cluster_id));
	checkpointer_bar(&journal->checkpointer, true);
	*ret_install = install;
}

void replicated_reload(struct replicated *replicated)
{
	struct install *install;

	if (replicated->install != NULL ||
	    !is_followed(replicated, replicated->journal->checkpointer.newest))
		return;
	make(replicated, &install);
	install->is_reload = true;
	check(&install->retry);
}

void replicated_install(struct replicated *replicated, const struct raft_store *store)
{
	struct install *install = replicated->install;

	if (install != NULL) {
		CHECK(install->is_reload && !install->is_awaited);
		install->is_awaited = true;
		install->store = *store;
		return;
	}
	make(replicated, &install);
	install->store = *store;
	check(&install->retry);
}

void replicated_install_give_up(struct replicated *replicated)
{
	if (replicated->install != NULL)
		atomic_store(&replicated->install->is_given_up, true);
}

bool replicated_is_loading(const struct replicated *replicated)
{
	return replicated->install != NULL && replicated->install->load != NULL;
}
