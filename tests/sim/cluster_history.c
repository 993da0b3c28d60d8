/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "format/command.h"
#include "sim/cluster.h"

enum { LIST_MAX = 64 };

/* Whose journals are observed.  One cluster a process. */
static struct cluster *observed;

void history_init(struct history *history, struct cluster *cluster)
{
	observed = cluster;
	history->cluster = cluster;
	history->ns = ns_create(0);
	history->model = model_fs_create();
	arena_init(&history->arena, 0);
}

uint64_t history_last(const struct history *history)
{
	return history->count;
}

const struct fact *history_fact(const struct history *history, uint64_t index)
{
	CHECK(index >= 1 && index <= history->count);
	return &history->facts[index - 1];
}

/* ---- an entry that nobody has applied before ---- */

static void decode(struct history *history, const struct fact *fact, struct command *ret_command)
{
	struct str payload =
	        str_make(history->payloads.data + fact->payload_at, fact->payload_size);

	arena_reset(&history->arena);
	if (command_decode(fact->kind, fact->version, payload, &history->arena, ret_command) < 0)
		*ret_command = (struct command){.kind = ENTRY_NONE};
}

static bool is_same_block(const struct block *a, const struct block *b)
{
	return a->id == b->id && a->stamp == b->stamp;
}

bool history_excuses(const struct history *history, const struct ns_result *result,
                     struct block given, uint64_t inode)
{
	if (!result->is_repeat || given.id == 0 || history_file_of(history, given.id) != NULL)
		return false;
	return result->rc < 0 || (result->inode == inode && result->block.id > given.id);
}

static void compare_results(struct history *history, const struct command *command,
                            const struct ns_result *result, const struct model_answer *answer)
{
	struct buf text = {0};

	if (entry_kind_is_journals(command->kind) || command->kind == ENTRY_reclaim)
		return;
	if (history_excuses(history, result, answer->block, answer->inode))
		return;
	if (result->rc == answer->rc &&
	    (result->rc < 0 || (result->value == answer->value && result->inode == answer->inode &&
	                        is_same_block(&result->block, &answer->block))))
		return;
	command_describe(command, &text);
	cluster_wrong(history->cluster,
	              "entry %zu, %.*s: the namespace makes %s, %d, inode %" PRIu64
	              " of it, the model %s, %d, inode %" PRIu64,
	              history->count, STR_ARGS(buf_str(&text)), err_name(result->rc), result->value,
	              result->inode, err_name(answer->rc), answer->value, answer->inode);
}

static void keep_copy(struct history *history)
{
	if (history->count % HISTORY_COPY_EVERY != 0)
		return;
	history->copies = mem_must_realloc(history->copies,
	                                   (history->copy_count + 1) * sizeof(*history->copies));
	history->copies[history->copy_count++] = model_fs_copy(history->model);
}

static void apply_model(struct history *history, struct model_fs *model, uint64_t index)
{
	const struct fact *fact = history_fact(history, index);
	struct model_answer answer;
	struct command command;

	if (fact->is_repeat || entry_kind_is_journals(fact->kind))
		return;
	decode(history, fact, &command);
	model_fs_apply(model, &command, &answer);
}

static struct model_fs *model_at(struct history *history, uint64_t index)
{
	uint64_t at = index / HISTORY_COPY_EVERY * HISTORY_COPY_EVERY;
	struct model_fs *model = model_fs_copy(history->copies[index / HISTORY_COPY_EVERY]);

	while (at < index)
		apply_model(history, model, ++at);
	return model;
}

static struct namespace *namespace_at(struct history *history, uint64_t index)
{
	struct namespace *ns = ns_create(0);

	for (uint64_t at = 1; at <= index; at++) {
		struct ns_result result;
		struct command command;

		decode(history, history_fact(history, at), &command);
		ns_apply(ns, at, &command, &history->arena, &result);
	}
	return ns;
}

static void note_lost_ids(struct history *history, uint64_t last)
{
	for (uint64_t index = last + 1; index <= history->count; index++) {
		const struct fact *fact = history_fact(history, index);

		if (history->lost_inode < fact->inode)
			history->lost_inode = fact->inode;
		if (history->lost_block < fact->block.id)
			history->lost_block = fact->block.id;
	}
}

/* Blocks of a lost file may still be somewhere: nothing else is called like them. */
static void check_ids(const struct history *history, const struct fact *fact)
{
	if (fact->is_repeat || fact->rc < 0)
		return;
	if ((fact->kind == ENTRY_create && fact->inode <= history->lost_inode) ||
	    (fact->kind == ENTRY_add_block && fact->block.id <= history->lost_block))
		cluster_wrong(history->cluster, "entry %zu gives out ids that a lost one gave out",
		              history->count);
}

/* What follows `last` was lost by those who might have kept it, as the operator had allowed. */
static void lose_after(struct history *history, uint64_t last)
{
	struct cluster *cluster = history->cluster;
	struct model_fs *model = model_at(history, last);

	cluster_say(cluster, "of %zu entries those after %" PRIu64 " are lost", history->count,
	            last);
	note_lost_ids(history, last);
	model_fs_destroy(history->model);
	history->model = model;
	ns_destroy(history->ns);
	history->ns = namespace_at(history, last);
	while (history->copy_count > last / HISTORY_COPY_EVERY + 1)
		model_fs_destroy(history->copies[--history->copy_count]);
	history->payloads.size = history->facts[last].payload_at;
	history->count = last;
	cluster->may_lose = false;
	clients_forget(cluster, last);
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		struct slot *slot = &cluster->slots[i];

		if (slot->view == NULL || slot->view_index <= last)
			continue;
		model_fs_destroy(slot->view);
		slot->view = NULL;
	}
}

static void tell(struct history *history, const struct journal_entry *entry)
{
	struct ns_result result = {0};
	struct model_answer answer = {0};
	struct command command;
	struct fact *fact;

	history->facts =
	        mem_must_realloc(history->facts, (history->count + 1) * sizeof(*history->facts));
	if (history->count == 0)
		keep_copy(history);
	fact = &history->facts[history->count++];
	*fact = (struct fact){.epoch = entry->epoch,
	                      .payload_hash = hash64(0, entry->payload.data, entry->payload.size),
	                      .payload_at = history->payloads.size,
	                      .payload_size = entry->payload.size,
	                      .kind = entry->kind,
	                      .version = entry->version};
	buf_append_str(&history->payloads, entry->payload);
	decode(history, fact, &command);
	if (command.has_client)
		clients_note(history->cluster, &command, history->count);
	ns_apply(history->ns, history->count, &command, &history->arena, &result);
	if (!entry_kind_is_journals(command.kind))
		model_fs_apply(history->model, &command, &answer);
	compare_results(history, &command, &result, &answer);
	fact->rc = result.rc;
	fact->value = result.value;
	fact->inode = result.inode;
	fact->block = result.block;
	fact->is_repeat = result.is_repeat;
	fact->digest = ns_digest(history->ns);
	check_ids(history, fact);
	keep_copy(history);
}

/* ---- the observer ---- */

static bool is_fact(const struct fact *fact, const struct journal_entry *entry)
{
	return fact->epoch == entry->epoch && fact->kind == entry->kind &&
	       fact->version == entry->version &&
	       fact->payload_hash == hash64(0, entry->payload.data, entry->payload.size);
}

static void check_entry(struct slot *slot, const struct journal_entry *entry)
{
	struct history *history = &slot->cluster->history;
	const struct fact *fact;

	if (entry->index != slot->applied + 1)
		cluster_wrong(slot->cluster, "m%u applies %" PRIu64 " after %" PRIu64,
		              slot->number + 1, entry->index, slot->applied);
	slot->applied = entry->index;
	if (slot->cluster->may_lose && entry->index <= history->count &&
	    !is_fact(history_fact(history, entry->index), entry))
		lose_after(history, entry->index - 1);
	if (entry->index > history->count)
		tell(history, entry);
	fact = history_fact(history, entry->index);
	if (!is_fact(fact, entry))
		cluster_wrong(slot->cluster,
		              "m%u applies another entry %" PRIu64 " (%s of epoch %" PRIu64
		              ") than was applied before (%s of epoch %" PRIu64 ")",
		              slot->number + 1, entry->index, entry_kind_name(entry->kind),
		              entry->epoch, entry_kind_name(fact->kind), fact->epoch);
}

/* Of one epoch, one process acknowledges. */
static void check_acknowledger(struct slot *slot, const struct journal_entry *entry)
{
	struct acknowledger *by;

	by = &slot->cluster->history.by_epoch[entry->epoch % CLUSTER_EPOCHS_MAX];
	if (by->epoch != entry->epoch)
		*by = (struct acknowledger){entry->epoch, slot->number + 1, slot->generation};
	if (by->slot != slot->number + 1 || by->generation != slot->generation)
		cluster_wrong(slot->cluster,
		              "m%u acknowledges entry %" PRIu64 " of epoch %" PRIu64
		              ", of which m%u did",
		              slot->number + 1, entry->index, entry->epoch, by->slot);
}

static void check_digest(struct slot *slot, uint64_t index, struct hash128 digest, const char *what)
{
	const struct fact *fact;

	if (index == 0 || slot->is_wrong)
		return;
	if (index > slot->cluster->history.count)
		cluster_wrong(slot->cluster, "m%u %s up to %" PRIu64 ", which nobody applied",
		              slot->number + 1, what, index);
	fact = history_fact(&slot->cluster->history, index);
	if (!hash128_equal(fact->digest, digest))
		cluster_wrong(slot->cluster, "m%u %s up to %" PRIu64 " and has another digest",
		              slot->number + 1, what, index);
}

/* By a standby, and it is missed. */
static bool may_be_forgotten(const struct slot *slot, const struct journal_entry *entry)
{
	return slot->role == MASTER_STANDBY && entry->append == NULL &&
	       !entry_kind_is_journals(entry->kind) &&
	       history_fact(&slot->cluster->history, entry->index)->rc == 0 &&
	       !history_fact(&slot->cluster->history, entry->index)->is_repeat;
}

/* One whose memory is bad makes something else of one of them: nothing. */
static void apply_inner(struct slot *slot, const struct journal_entry *entries, size_t count)
{
	size_t i = 0;

	while (slot->will_err && i < count && !may_be_forgotten(slot, &entries[i]))
		i++;
	if (!slot->will_err || i == count) {
		slot->inner.apply(slot->inner.context, entries, count);
		return;
	}
	struct journal_entry nothing = {.index = entries[i].index,
	                                .epoch = entries[i].epoch,
	                                .kind = ENTRY_term,
	                                .version = 1};

	cluster_say(slot->cluster, "m%u: its memory forgets entry %" PRIu64, slot->number + 1,
	            nothing.index);
	slot->will_err = false;
	slot->has_been_wrong = slot->is_rotten = true;
	slot->inner.apply(slot->inner.context, entries, i);
	slot->inner.apply(slot->inner.context, &nothing, 1);
	slot->inner.apply(slot->inner.context, entries + i + 1, count - i - 1);
}

/* It may be right again, or have saved a state that was wrong already. */
static void note_wrong(struct slot *slot)
{
	const struct history *history = &slot->cluster->history;

	if (slot->has_been_wrong)
		slot->is_wrong = slot->applied > history->count ||
		                 !hash128_equal(history_fact(history, slot->applied)->digest,
		                                slot->inner.digest(slot->inner.context));
}

static void apply(void *context, const struct journal_entry *entries, size_t count)
{
	struct slot *slot = context;

	for (size_t i = 0; i < count; i++) {
		check_entry(slot, &entries[i]);
		if (entries[i].append != NULL)
			check_acknowledger(slot, &entries[i]);
	}
	apply_inner(slot, entries, count);
	note_wrong(slot);
	check_digest(slot, slot->applied, slot->inner.digest(slot->inner.context), "applied");
}

static uint64_t applied(void *context)
{
	struct slot *slot = context;

	return slot->inner.applied(slot->inner.context);
}

static struct hash128 digest(void *context)
{
	struct slot *slot = context;

	return slot->inner.digest(slot->inner.context);
}

static void *save_begin(void *context, uint64_t *ret_index, struct hash128 *ret_digest,
                        uint64_t *ret_records)
{
	struct slot *slot = context;
	void *save =
	        slot->inner.save_begin(slot->inner.context, ret_index, ret_digest, ret_records);

	check_digest(slot, *ret_index, *ret_digest, "saves");
	return save;
}

static int save_step(void *context, void *save, size_t bytes, struct buf *buf)
{
	struct slot *slot = context;

	return slot->inner.save_step(slot->inner.context, save, bytes, buf);
}

static void save_end(void *context, void *save)
{
	struct slot *slot = context;

	slot->inner.save_end(slot->inner.context, save);
}

static void *load_begin(void *context)
{
	struct slot *slot = context;

	slot->applied = 0;
	return slot->inner.load_begin(slot->inner.context);
}

static int load_step(void *context, void *load, struct str records)
{
	struct slot *slot = context;

	return slot->inner.load_step(slot->inner.context, load, records);
}

static int load_end(void *context, void *load, uint64_t index, struct hash128 of)
{
	struct slot *slot = context;
	int rc = slot->inner.load_end(slot->inner.context, load, index, of);

	if (rc < 0)
		return rc;
	slot->applied = index;
	slot->cluster->figures.checkpoints_loaded++;
	note_wrong(slot);
	check_digest(slot, index, slot->inner.digest(slot->inner.context), "loaded a checkpoint");
	return 0;
}

static void load_cancel(void *context, void *load)
{
	struct slot *slot = context;

	slot->applied = 0;
	slot->inner.load_cancel(slot->inner.context, load);
}

static struct slot *slot_of(const struct io *io)
{
	for (unsigned i = 0; i < observed->slot_count; i++) {
		if (sim_machine_io(observed->slots[i].machine) == io)
			return &observed->slots[i];
	}
	CHECK(false);
	return NULL;
}

/* The linker puts this in the way (--wrap=journal_open). */
int __real_journal_open(const struct journal_options *options, struct journal **ret_journal,
                        char **ret_text);
int __wrap_journal_open(const struct journal_options *options, struct journal **ret_journal,
                        char **ret_text);
int __wrap_journal_open(const struct journal_options *options, struct journal **ret_journal,
                        char **ret_text)
{
	struct slot *slot = slot_of(options->io);
	struct journal_options mine = *options;

	if (slot->is_stray)
		return __real_journal_open(options, ret_journal, ret_text);
	slot->inner = options->machine;
	slot->applied = 0;
	mine.machine = (struct state_machine){
	        .context = slot,
	        .apply = apply,
	        .applied = applied,
	        .digest = digest,
	        .save_begin = save_begin,
	        .save_step = save_step,
	        .save_end = save_end,
	        .load_begin = load_begin,
	        .load_step = load_step,
	        .load_end = load_end,
	        .load_cancel = load_cancel,
	};
	return __real_journal_open(&mine, ret_journal, ret_text);
}

/* ---- what the model says at an index ---- */

struct model_fs *history_view(struct slot *slot, uint64_t index)
{
	struct history *history = &slot->cluster->history;

	CHECK(index <= history->count);
	if (slot->view != NULL && slot->view_index > index) {
		model_fs_destroy(slot->view);
		slot->view = NULL;
	}
	if (slot->view == NULL ||
	    slot->view_index / HISTORY_COPY_EVERY < index / HISTORY_COPY_EVERY) {
		if (slot->view != NULL)
			model_fs_destroy(slot->view);
		slot->view_index = index / HISTORY_COPY_EVERY * HISTORY_COPY_EVERY;
		slot->view = model_fs_copy(history->copies[index / HISTORY_COPY_EVERY]);
	}
	while (slot->view_index < index)
		apply_model(history, slot->view, ++slot->view_index);
	return slot->view;
}

const struct model_node *history_find(const struct model_fs *model, const char *path)
{
	const struct model_node *node = model_fs_root(model);

	while (node != NULL && *path == '/' && path[1] != '\0') {
		size_t size = strcspn(++path, "/");
		const struct model_node *child = NULL;

		for (size_t i = 0; i < node->child_count; i++) {
			const char *name = node->children[i]->name;

			if (strlen(name) == size && memcmp(name, path, size) == 0)
				child = node->children[i];
		}
		node = child;
		path += size;
	}
	return node;
}

static const struct model_node *file_of(const struct model_node *node, uint64_t block)
{
	const struct model_node *found = NULL;

	for (size_t i = 0; i < node->block_count; i++) {
		if (node->blocks[i].id == block)
			return node;
	}
	for (size_t i = 0; i < node->child_count && found == NULL; i++)
		found = file_of(node->children[i], block);
	return found;
}

const struct model_node *history_file_of(const struct history *history, uint64_t block)
{
	const struct model_node *root = model_fs_root(history->model);

	return root == NULL ? NULL : file_of(root, block);
}

static bool is_same(const struct model_node *node, const struct ns_status *status)
{
	if ((status->type == NS_DIRECTORY) != node->is_directory || status->inode != node->id ||
	    status->mode != node->mode || status->mtime_ms != node->mtime_ms ||
	    !str_equal(status->owner, str_of(node->owner)))
		return false;
	if (node->is_directory)
		return status->children == node->child_count;
	return status->replication == node->replication &&
	       status->is_under_construction == node->is_open;
}

struct listed {
	const struct model_node *node;
	size_t count;
	bool is_wrong;
};

static bool take_child(void *context, const struct ns_status *status)
{
	struct listed *listed = context;
	size_t at = listed->count++;

	listed->is_wrong |= at >= listed->node->child_count ||
	                    !str_equal(status->name, str_of(listed->node->children[at]->name));
	return true;
}

static void compare_listing(struct slot *slot, const struct model_node *node, const char *path,
                            struct arena *arena)
{
	struct ns_caller caller = {.user = STR("root"), .is_superuser = true};
	struct listed listed = {.node = node};
	struct str message;
	uint64_t remaining = 0;
	int rc = ns_list(master_namespace(slot->master), &caller, str_of(path), (struct str){0},
	                 LIST_MAX, take_child, &listed, arena, &message, &remaining);

	if (rc < 0 || listed.is_wrong || listed.count != node->child_count || remaining != 0)
		cluster_wrong(slot->cluster, "m%u at %" PRIu64 ": %s has other children (%s)",
		              slot->number + 1, slot->applied, path, err_name(rc));
}

static void compare_blocks(struct slot *slot, const struct model_node *node, const char *path,
                           struct arena *arena)
{
	struct ns_blocks blocks = {0};
	bool is_same = ns_inode_blocks(master_namespace(slot->master), node->id, arena, &blocks) &&
	               blocks.count == node->block_count;

	for (size_t i = 0; i < node->block_count && is_same; i++)
		is_same = is_same_block(&blocks.blocks[i].block, &node->blocks[i]) &&
		          blocks.blocks[i].block.length == node->blocks[i].length;
	if (!is_same)
		cluster_wrong(slot->cluster, "m%u at %" PRIu64 ": %s has other blocks",
		              slot->number + 1, slot->applied, path);
}

void history_compare_path(struct slot *slot, const struct model_fs *model, const char *path,
                          struct arena *arena)
{
	const struct model_node *node = history_find(model, path);
	struct ns_caller caller = {.user = STR("root"), .is_superuser = true};
	struct ns_lookup lookup = {.path = str_of(path), .caller = &caller};

	ns_lookup(master_namespace(slot->master), &lookup, 1, arena);
	if ((lookup.rc == 0) != (node != NULL))
		cluster_wrong(slot->cluster, "m%u at %" PRIu64 ": %s is %s, must be %s",
		              slot->number + 1, slot->applied, path, err_name(lookup.rc),
		              node == NULL ? "missing" : "there");
	if (node != NULL && !is_same(node, &lookup.status))
		cluster_wrong(slot->cluster, "m%u at %" PRIu64 ": the status of %s is another",
		              slot->number + 1, slot->applied, path);
	if (node != NULL && node->is_directory)
		compare_listing(slot, node, path, arena);
	else if (node != NULL)
		compare_blocks(slot, node, path, arena);
}

static void compare_below(struct slot *slot, const struct model_node *node, struct buf *path)
{
	size_t size = path->size;
	struct arena arena;

	arena_init(&arena, CLUSTER_ARENA_BYTES);
	for (size_t i = 0; i < node->child_count; i++) {
		buf_append_format(path, "/%s", node->children[i]->name);
		buf_append_u8(path, 0);
		history_compare_path(slot, slot->view, (const char *)path->data, &arena);
		path->size--;
		compare_below(slot, node->children[i], path);
		path->size = size;
	}
	arena_finish(&arena);
}

void history_compare(struct slot *slot)
{
	struct namespace *ns = master_namespace(slot->master);
	struct buf path = {0};

	if (slot->is_wrong)
		return;
	if (!hash128_equal(ns_digest(ns), ns_digest_recompute(ns)))
		cluster_wrong(slot->cluster, "m%u: the digest that apply kept is not the records'",
		              slot->number + 1);
	compare_below(slot, model_fs_root(history_view(slot, slot->applied)), &path);
	buf_finish(&path);
}

/* ---- journals ---- */

static bool compare_entry(void *context, const struct journal_entry *entry)
{
	struct slot *slot = context;
	struct history *history = &slot->cluster->history;
	const struct fact *fact;

	if (entry->index > history->count)
		return true;
	fact = history_fact(history, entry->index);
	if (fact->epoch != entry->epoch || fact->kind != entry->kind ||
	    fact->payload_hash != hash64(0, entry->payload.data, entry->payload.size))
		cluster_wrong(slot->cluster,
		              "m%u has another entry %" PRIu64
		              " in its segments (%s of epoch %" PRIu64
		              ") than it applied (%s of epoch %" PRIu64 ")",
		              slot->number + 1, entry->index, entry_kind_name(entry->kind),
		              entry->epoch, entry_kind_name(fact->kind), fact->epoch);
	return true;
}

static bool tell_file(void *context, const struct journal_file *file)
{
	struct slot *slot = context;

	cluster_say(slot->cluster, "m%u has %s, %" PRIu64 " to %" PRIu64 "%s%s", slot->number + 1,
	            file->name, file->first_index, file->last_index, file->rc < 0 ? ": " : "",
	            file->rc < 0 ? file->text : "");
	return true;
}

static void tell_files(struct slot *slot)
{
	char *text = NULL;

	journal_ls(sim_machine_io(slot->machine), SIM_KIT_FOLDER, tell_file, slot, &text);
	mem_free(text);
}

/* The primary gave it a checkpoint beyond its segments.  Until an entry follows they stay as they
 * are, though they may end in what was never committed, or have a hole if syncs were behind. */
static bool is_outdone(const struct journal_verdict *verdict)
{
	return verdict->last_index < verdict->last_mark;
}

void history_compare_journal(struct slot *slot)
{
	struct io *io = sim_machine_io(slot->machine);
	struct journal_verdict verdict = {0};
	struct buf report = {0};
	char *text = NULL;
	int rc = journal_verify(io, SIM_KIT_FOLDER, &report, &verdict);

	tell_files(slot);
	if (rc < 0 ||
	    (verdict.problems > 0 && !(slot->cluster->syncs_behind && is_outdone(&verdict))))
		cluster_wrong(slot->cluster, "m%u: its journal is bad (%s): %.*s", slot->number + 1,
		              err_name(rc), STR_ARGS(buf_str(&report)));
	buf_finish(&report);
	if (verdict.entries == 0 || is_outdone(&verdict))
		return;
	rc = journal_cat(io, SIM_KIT_FOLDER, verdict.first_index, UINT64_MAX, compare_entry, slot,
	                 &text);
	if (rc < 0)
		cluster_wrong(slot->cluster, "m%u: its segments cannot be read (%s): %s",
		              slot->number + 1, err_name(rc), text);
	mem_free(text);
}
