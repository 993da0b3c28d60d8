/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The namespace against the naive model: random commands from a seed, the same answers, the same
 * tree, sums that equal a walk, a digest that equals its recomputation; all that survives its
 * records, and holds go on seeing what was.
 */
#include "base/random.h"
#include "model_fs/model_fs.h"
#include "ns_testing.h"

enum { HOLDS_MAX = 3, PATH_BYTES = 9000 };

/* A hold and what it must still see. */
struct kept {
	struct ns_hold *hold;
	struct ns_save *save; /* NULL: not walked yet */
	struct namespace *copy;
	struct ns_load *load;
	struct model_fs *model;
};

struct world {
	struct bench bench;
	struct model_fs *model;
	struct random random;
	struct kept kept[HOLDS_MAX];
	struct command last; /* for repeats */
	char paths[4][PATH_BYTES];
	uint64_t width; /* different plain names */
	uint64_t age_ms;
	int32_t call_id;
	struct block *gone;
	size_t gone_count;
};

static uint64_t below(struct world *world, uint64_t bound)
{
	return random_below(&world->random, bound);
}

/* ---- random commands ---- */

static const char *const odd_names[] = {".",         "..",        "x:y",      "",
                                        ".snapshot", ".reserved", "\xff\x01", "name with spaces"};
static const char *const users[] = {"root", "root", "root", "root", "alice", "bob", "carl"};
static const char *const holders[] = {"h1", "h2", "h3"};
static const uint16_t modes[] = {0755, 0755, 0777, 01777, 0700, 0750, 0000, 07777, 0555};

static void append_name(struct world *world, char *path)
{
	size_t size = strlen(path);

	if (below(world, 60) == 0)
		snprintf(path + size, PATH_BYTES - size, "/%s",
		         odd_names[below(world, COUNT_OF(odd_names))]);
	else if (below(world, 300) == 0)
		snprintf(path + size, PATH_BYTES - size, "/%0*d", (int)(250 + below(world, 12)), 7);
	else
		snprintf(path + size, PATH_BYTES - size, "/name%0*llu",
		         below(world, 9) == 0 ? 90 : 1,
		         (unsigned long long)below(world, world->width));
}

/* The path of some node, one level down with each step. */
static void real_path(struct world *world, char *path)
{
	const struct model_node *node = model_fs_root(world->model);

	while (node->child_count > 0 && below(world, 5) != 0) {
		size_t size = strlen(path);

		node = node->children[below(world, node->child_count)];
		snprintf(path + size, PATH_BYTES - size, "/%s", node->name);
	}
}

static struct str random_path(struct world *world, int which)
{
	char *path = world->paths[which];
	uint64_t depth = below(world, 4);

	path[0] = '\0';
	if (below(world, 50) == 0)
		snprintf(path, PATH_BYTES, "/.reserved/.inodes/%d",
		         (int)(16385 + below(world, 60)));
	else if (below(world, 4) != 0)
		real_path(world, path);
	if (path[0] != '\0' && below(world, 3) != 0)
		depth = below(world, 2);
	for (uint64_t i = 0; i < depth; i++)
		append_name(world, path);
	if (path[0] == '\0' || below(world, 80) == 0)
		memcpy(path + strlen(path), "/", 2);
	if (below(world, 300) == 0)
		return str_of(path + 1);
	return str_of(path);
}

static struct str random_holder(struct world *world)
{
	return str_of(holders[below(world, COUNT_OF(holders))]);
}

static const struct model_node *random_file(const struct model_node *node, uint64_t *left)
{
	const struct model_node *found = NULL;

	if (!node->is_directory && (*left)-- == 0)
		return node;
	for (size_t i = 0; found == NULL && i < node->child_count; i++)
		found = random_file(node->children[i], left);
	return found;
}

/* A file, more often than chance would find one; NULL: there are too few. */
static const struct model_node *some_file(struct world *world)
{
	uint64_t left = below(world, 12);

	return random_file(model_fs_root(world->model), &left);
}

/* Aims a command about a file at a real one, mostly with the right holder and blocks. */
static void aim(struct world *world, struct str *path, uint64_t *inode, struct str *holder,
                struct block *block, size_t back)
{
	const struct model_node *file = some_file(world);

	*path = random_path(world, 0);
	*holder = random_holder(world);
	*block = (struct block){.id = 1073741825 + below(world, 40),
	                        .stamp = 1001 + below(world, 40)};
	if (file == NULL || below(world, 8) == 0)
		return;
	*inode = file->id;
	for (size_t i = 0; file->is_open && i < COUNT_OF(holders);
	     i++) /* the model frees its own */
		if (strcmp(file->holder, holders[i]) == 0 && below(world, 8) != 0)
			*holder = str_of(holders[i]);
	if (below(world, 8) == 0)
		return;
	*block = (struct block){0};
	if (file->block_count > back)
		*block = file->blocks[file->block_count - 1 - back];
	if (below(world, 3) != 0)
		block->length = below(world, 1 << 20);
}

static void random_names(struct world *world, struct command *c)
{
	switch (c->kind) {
	case ENTRY_mkdirs:
		c->mkdirs.path = random_path(world, 0);
		c->mkdirs.mode = modes[below(world, COUNT_OF(modes))];
		c->mkdirs.create_parent = below(world, 4) != 0;
		break;
	case ENTRY_create:
		c->create = (struct command_create){.path = random_path(world, 0),
		                                    .mode = modes[below(world, COUNT_OF(modes))],
		                                    .holder = random_holder(world),
		                                    .client_machine = STR("m1"),
		                                    .flags = (uint32_t)below(world, 4) |
		                                             (below(world, 3) != 0),
		                                    .create_parent = below(world, 4) != 0,
		                                    .replication = (uint16_t)(1 + below(world, 3)),
		                                    .block_size = (below(world, 2) + 1) << 19,
		                                    .storage_policy = (uint8_t)below(world, 2)};
		break;
	case ENTRY_rename:
		c->rename.source = random_path(world, 0);
		c->rename.target = random_path(world, 1);
		break;
	case ENTRY_rename2:
		c->rename2.source = random_path(world, 0);
		c->rename2.target = random_path(world, 1);
		c->rename2.overwrite = below(world, 2);
		break;
	case ENTRY_delete:
		c->delete.path = random_path(world, 0);
		c->delete.recursive = below(world, 2);
		break;
	case ENTRY_reclaim: c->reclaim.steps = (uint32_t)below(world, 5); break;
	default: break;
	}
}

static void random_files(struct world *world, struct command *c)
{
	static struct str workers[] = {{"w1", 2}, {"w2", 2}, {"w3", 2}};
	struct str holder = {0};
	struct block block = {0};
	struct str path = {0};
	uint64_t inode = 0;

	switch (c->kind) {
	case ENTRY_add_block:
		aim(world, &path, &inode, &holder, &block, below(world, 6) == 0);
		c->add_block = (struct command_add_block){.path = path,
		                                          .inode = inode,
		                                          .holder = holder,
		                                          .previous = block,
		                                          .workers = {workers, below(world, 4)}};
		break;
	case ENTRY_abandon_block:
		aim(world, &path, &inode, &holder, &block, below(world, 6) == 0);
		c->abandon_block = (struct command_abandon_block){
		        .path = path, .inode = inode, .holder = holder, .block = block};
		break;
	case ENTRY_fsync:
		aim(world, &path, &inode, &holder, &block, 0);
		c->fsync = (struct command_fsync){
		        .path = path,
		        .inode = inode,
		        .holder = holder,
		        .length = below(world, 4) == 0 ? UINT64_MAX : below(world, 1 << 20)};
		break;
	case ENTRY_complete:
		aim(world, &path, &inode, &holder, &block, 0);
		c->complete = (struct command_complete){
		        .path = path, .inode = inode, .holder = holder, .last = block};
		break;
	case ENTRY_expire_lease:
		aim(world, &path, &inode, &holder, &block, 0);
		c->expire_lease = (struct command_expire_lease){
		        .inode = inode, .holder = holder, .lease_number = 1 + below(world, 200)};
		if (inode != 0 && below(world, 2)) {
			struct ns_lease lease;

			if (ns_find_lease(world->bench.ns, inode, &lease))
				c->expire_lease.lease_number = lease.number;
		}
		break;
	case ENTRY_new_stamp:
		aim(world, &path, &inode, &holder, &block, 0);
		c->new_stamp = (struct command_new_stamp){.block = block, .holder = holder};
		break;
	default: break;
	}
}

static void random_attributes(struct world *world, struct command *c)
{
	static uint64_t inodes[4];

	switch (c->kind) {
	case ENTRY_set_permission:
		c->set_permission.path = random_path(world, 0);
		c->set_permission.mode = modes[below(world, COUNT_OF(modes))];
		break;
	case ENTRY_set_owner:
		c->set_owner.path = random_path(world, 0);
		if (below(world, 2))
			c->set_owner.owner = str_of(users[below(world, COUNT_OF(users))]);
		if (below(world, 2))
			c->set_owner.group = below(world, 2) ? STR("users") : STR("staff");
		break;
	case ENTRY_set_times:
		c->set_times.path = random_path(world, 0);
		c->set_times.mtime_ms = below(world, 2)
		                                ? UINT64_MAX
		                                : random_u64(&world->random) >> below(world, 60);
		c->set_times.atime_ms = below(world, 2)
		                                ? UINT64_MAX
		                                : random_u64(&world->random) >> below(world, 60);
		break;
	case ENTRY_set_replication:
		c->set_replication.path = random_path(world, 0);
		c->set_replication.replication = (uint16_t)below(world, 5);
		break;
	case ENTRY_recover_lease:
		c->recover_lease.path = random_path(world, 0);
		c->recover_lease.holder = random_holder(world);
		break;
	case ENTRY_access_times:
		for (size_t i = 0; i < COUNT_OF(inodes); i++)
			inodes[i] = 16385 + below(world, 60);
		c->access_times = (struct command_access_times){
		        .atime_ms = 1700000000000 + below(world, 100000),
		        .inodes = {inodes, below(world, 5)}};
		break;
	default: break;
	}
}

static void random_rest(struct world *world, struct command *c)
{
	switch (c->kind) {
	case ENTRY_tick:
		c->tick.forget_at_most_once_age_ms =
		        world->age_ms - below(world, world->age_ms / 2 + 1);
		c->tick.forget_others_age_ms = world->age_ms - below(world, world->age_ms / 4 + 1);
		break;
	case ENTRY_safe_mode: c->safe_mode.is_on = below(world, 2); break;
	case ENTRY_feature_level: c->feature_level.level = (uint32_t)below(world, 9); break;
	default: break;
	}
}

/* Each fills the commands it knows. */
static void random_fields(struct world *world, struct command *c)
{
	random_names(world, c);
	random_files(world, c);
	random_attributes(world, c);
	random_rest(world, c);
}

static enum entry_kind random_kind(struct world *world)
{
	static const enum entry_kind kinds[] = {
	        ENTRY_mkdirs,        ENTRY_mkdirs,          ENTRY_mkdirs,
	        ENTRY_create,        ENTRY_create,          ENTRY_create,
	        ENTRY_create,        ENTRY_add_block,       ENTRY_add_block,
	        ENTRY_add_block,     ENTRY_add_block,       ENTRY_complete,
	        ENTRY_complete,      ENTRY_rename,          ENTRY_rename,
	        ENTRY_rename2,       ENTRY_rename2,         ENTRY_delete,
	        ENTRY_abandon_block, ENTRY_set_permission,  ENTRY_set_owner,
	        ENTRY_set_times,     ENTRY_set_replication, ENTRY_recover_lease,
	        ENTRY_new_stamp,     ENTRY_expire_lease,    ENTRY_access_times,
	        ENTRY_reclaim,       ENTRY_reclaim,         ENTRY_tick,
	        ENTRY_noop,          ENTRY_safe_mode,       ENTRY_cluster,
	        ENTRY_feature_level,
	};

	return kinds[below(world, COUNT_OF(kinds))];
}

/* Its strings live until the next one. */
static struct command random_command(struct world *world)
{
	struct command c = {.kind = random_kind(world)};

	world->age_ms += below(world, 50);
	if (world->last.kind != ENTRY_NONE && below(world, 25) == 0) {
		struct command repeat = world->last;

		repeat.age_ms = world->age_ms;
		if (below(world, 10) == 0)
			repeat.call_id -= (int32_t)below(world, 3);
		return repeat;
	}
	c.age_ms = world->age_ms;
	c.wall_ms = 1700000000000 + world->age_ms - below(world, 100);
	as_user(&c, users[below(world, COUNT_OF(users))]);
	c.has_client = below(world, 3) != 0;
	c.client_id[0] = (uint8_t)below(world, 3);
	c.call_id = world->call_id++;
	if (below(world, 2))
		c.flags |= COMMAND_AT_MOST_ONCE;
	random_fields(world, &c);
	return c;
}

/* ---- the same answer ---- */

static void describe_failure(const struct command *command)
{
	struct buf buf = {0};

	command_describe(command, &buf);
	print_error("command: %.*s\n", STR_ARGS(buf_str(&buf)));
	buf_finish(&buf);
}

static void compare_answers(const struct command *command, const struct ns_result *result,
                            const struct model_answer *answer)
{
	bool has_block = command->kind == ENTRY_add_block || command->kind == ENTRY_new_stamp;
	bool is_same = result->rc == answer->rc;

	if (answer->rc == 0 && is_same) {
		is_same = result->value == answer->value;
		if (command->kind != ENTRY_new_stamp)
			is_same = is_same && result->inode == answer->inode;
		if (has_block && !result->is_repeat)
			is_same = is_same && result->block.id == answer->block.id &&
			          result->block.stamp == answer->block.stamp &&
			          result->block_offset == answer->block_offset;
	}
	if (is_same)
		return;
	describe_failure(command);
	fail_msg("answers differ: rc %d, model %d; value %d, %d; inode %llu, %llu; block %llu, "
	         "%llu; "
	         "text %.*s",
	         result->rc, answer->rc, result->value, answer->value,
	         (unsigned long long)result->inode, (unsigned long long)answer->inode,
	         (unsigned long long)result->block.id, (unsigned long long)answer->block.id,
	         STR_ARGS(result->message));
}

static void check_first(struct world *world, const struct command *command,
                        const struct model_answer *answer)
{
	static const struct ns_limits none = {.replication_max = UINT16_MAX};
	struct hash128 before = ns_digest(world->bench.ns);
	struct ns_result result;

	ns_check(world->bench.ns, command, &none, &world->bench.arena, &result);
	assert_same_hash(before, ns_digest(world->bench.ns));
	if (result.rc != answer->rc)
		describe_failure(command);
	assert_int_equal(result.rc, answer->rc);
	/* what is left to reclaim the model does not know */
	if (answer->rc == 0 && !result.is_repeat && command->kind != ENTRY_reclaim)
		assert_int_equal(result.changes_nothing, answer->changes_nothing);
}

static void note_gone(struct world *world)
{
	const struct ns_result *result = &world->bench.result;

	world->gone = mem_must_realloc(world->gone, (world->gone_count + result->gone_count + 1) *
	                                                    sizeof(*world->gone));
	for (size_t i = 0; i < result->gone_count; i++)
		world->gone[world->gone_count++] = result->gone[i];
}

/* ---- the same tree ---- */

static void path_of(const struct model_node *node, struct buf *path)
{
	if (node->parent == NULL)
		return;
	path_of(node->parent, path);
	buf_append_u8(path, '/');
	buf_append_str(path, str_of(node->name));
}

static void compare_status(const struct model_node *node, const struct ns_status *status)
{
	uint64_t length = 0;

	for (size_t i = 0; i < node->block_count; i++)
		length += node->blocks[i].length;
	assert_int_equal(status->type, node->is_directory ? NS_DIRECTORY : NS_FILE);
	assert_int_equal(status->inode, node->id);
	assert_int_equal(status->mode, node->mode);
	assert_true(str_equal(status->owner, str_of(node->owner)));
	assert_true(str_equal(status->group, str_of(node->group)));
	assert_int_equal(status->mtime_ms, node->mtime_ms);
	assert_int_equal(status->atime_ms, node->atime_ms);
	assert_int_equal(status->length, length);
	assert_int_equal(status->children, node->child_count);
	assert_int_equal(status->block_count, node->block_count);
	assert_int_equal(status->is_under_construction, node->is_open);
	assert_int_equal(status->replication, node->replication);
	assert_int_equal(status->block_size, node->block_size);
	assert_int_equal(status->storage_policy, node->storage_policy);
}

struct listed {
	const struct model_node *node;
	size_t at;
};

static bool compare_child(void *context, const struct ns_status *status)
{
	struct listed *listed = context;

	assert_true(listed->at < listed->node->child_count);
	assert_true(str_equal(status->name, str_of(listed->node->children[listed->at]->name)));
	compare_status(listed->node->children[listed->at], status);
	listed->at++;
	return true;
}

static void compare_listing(struct namespace *ns, struct arena *arena,
                            const struct model_node *node, struct str path)
{
	struct ns_caller root = caller_of("root");
	struct listed listed = {.node = node};
	struct str after = {0};
	struct str message;
	uint64_t remaining;

	do { /* two at a time */
		assert_int_equal(ns_list(ns, &root, path, after, 2, compare_child, &listed, arena,
		                         &message, &remaining),
		                 0);
		assert_int_equal(remaining, node->child_count - listed.at);
		if (listed.at > 0)
			after = str_of(node->children[listed.at - 1]->name);
	} while (remaining > 0);
}

static void compare_sums(struct namespace *ns, struct arena *arena, const struct model_node *node,
                         struct str path)
{
	struct ns_caller root = caller_of("root");
	struct ns_summary summary;
	struct model_sums sums;
	struct str message;

	model_fs_sums(node, &sums);
	assert_int_equal(ns_content_summary(ns, &root, path, arena, &message, &summary), 0);
	assert_int_equal(summary.files, sums.files);
	assert_int_equal(summary.directories, sums.directories);
	assert_int_equal(summary.length, sums.length);
	assert_int_equal(summary.space, sums.space);
}

static void compare_blocks(struct namespace *ns, struct arena *arena, const struct model_node *node)
{
	struct ns_block_info info;
	struct ns_blocks blocks;
	struct ns_lease lease;
	uint64_t offset = 0;

	assert_true(ns_inode_blocks(ns, node->id, arena, &blocks));
	assert_int_equal(blocks.count, node->block_count);
	for (size_t i = 0; i < node->block_count; i++) {
		bool is_open = node->is_writing && i + 1 == node->block_count;

		assert_int_equal(blocks.blocks[i].block.id, node->blocks[i].id);
		assert_int_equal(blocks.blocks[i].block.stamp, node->blocks[i].stamp);
		assert_int_equal(blocks.blocks[i].block.length, node->blocks[i].length);
		assert_int_equal(blocks.blocks[i].offset, offset);
		assert_int_equal(blocks.blocks[i].is_complete, !is_open);
		offset += node->blocks[i].length;
		ns_find_block(ns, node->blocks[i].id, &info);
		assert_int_equal(info.inode, node->id);
		assert_int_equal(info.is_complete, !is_open);
		assert_int_equal(info.replication, node->replication);
	}
	assert_int_equal(ns_find_lease(ns, node->id, &lease), node->is_open);
	if (node->is_open) {
		assert_int_equal(lease.number, node->lease);
		assert_true(str_equal(lease.holder, str_of(node->holder)));
	}
}

static void compare_node(struct namespace *ns, struct arena *arena, const struct model_node *node)
{
	struct ns_caller root = caller_of("root");
	struct buf path = {0};
	struct buf back = {0};
	struct ns_lookup lookup = {.caller = &root};

	path_of(node, &path);
	if (path.size == 0)
		buf_append_u8(&path, '/');
	lookup.path = buf_str(&path);
	ns_lookup(ns, &lookup, 1, arena);
	assert_int_equal(lookup.rc, 0);
	compare_status(node, &lookup.status);
	assert_true(ns_path_of(ns, node->id, &back));
	assert_true(str_equal(buf_str(&back), buf_str(&path)));
	if (node->is_directory)
		compare_listing(ns, arena, node, buf_str(&path));
	else
		compare_blocks(ns, arena, node);
	compare_sums(ns, arena, node, buf_str(&path));
	buf_finish(&path);
	buf_finish(&back);
	for (size_t i = 0; i < node->child_count; i++)
		compare_node(ns, arena, node->children[i]);
}

static void compare_trees(struct namespace *ns, const struct model_fs *model)
{
	struct model_sums sums;
	struct ns_counts counts;
	struct arena arena;

	arena_init(&arena, 0);
	compare_node(ns, &arena, model_fs_root(model));
	arena_finish(&arena);
	ns_counts(ns, &counts);
	model_fs_sums(model_fs_root(model), &sums);
	assert_int_equal(counts.files, sums.files);
	assert_int_equal(counts.directories, sums.directories);
	assert_int_equal(counts.blocks, sums.blocks);
	assert_int_equal(counts.under_construction, sums.open_files);
	assert_int_equal(counts.open_blocks, sums.open_blocks);
	assert_same_hash(ns_digest(ns), ns_digest_recompute(ns));
}

/* ---- holds ---- */

static void take_hold(struct world *world, struct kept *kept)
{
	kept->hold = ns_hold(world->bench.ns);
	kept->model = model_fs_copy(world->model);
}

static void drop_hold(struct kept *kept)
{
	if (kept->model == NULL)
		return;
	if (kept->save != NULL)
		ns_save_end(kept->save);
	else
		ns_release(kept->hold);
	if (kept->load != NULL)
		ns_load_end(kept->load, 0, (struct hash128){0});
	ns_destroy(kept->copy);
	model_fs_destroy(kept->model);
	*kept = (struct kept){0};
}

/* Walks a piece further; at the end what was read must be what was. */
static void walk_hold(struct world *world, struct kept *kept)
{
	struct buf buf = {0};
	int more;

	if (kept->save == NULL) {
		kept->save = ns_save_begin(&kept->hold);
		kept->copy = ns_create(0);
		kept->load = ns_load_begin(kept->copy);
	}
	more = ns_save_step(kept->save, 1 + below(world, 3000), &buf);
	assert_true(more >= 0);
	assert_int_equal(ns_load_step(kept->load, buf_str(&buf)), 0);
	buf_finish(&buf);
	if (more > 0)
		return;
	assert_int_equal(
	        ns_load_end(kept->load, ns_save_index(kept->save), ns_save_digest(kept->save)), 0);
	kept->load = NULL;
	compare_trees(kept->copy, kept->model);
	drop_hold(kept);
}

static void turn_holds(struct world *world)
{
	struct kept *kept = &world->kept[below(world, HOLDS_MAX)];

	if (kept->model == NULL) {
		if (below(world, 20) == 0)
			take_hold(world, kept);
	} else if (below(world, 3) == 0) {
		walk_hold(world, kept);
	} else if (below(world, 100) == 0) {
		drop_hold(kept);
	}
}

/* ---- runs ---- */

static int compare_ids(const void *a, const void *b)
{
	uint64_t left = ((const struct block *)a)->id;
	uint64_t right = ((const struct block *)b)->id;

	return left < right ? -1 : left > right;
}

/* Every lost block was reported, once. */
static void compare_gone(struct world *world)
{
	size_t count;
	const struct block *expected = model_fs_gone(world->model, &count);
	struct block *sorted = mem_must_alloc((count + 1) * sizeof(*sorted));

	while (world->bench.result.left_to_reclaim > 0) {
		assert_int_equal(do_reclaim(&world->bench, 7), 0);
		note_gone(world);
	}
	assert_int_equal(world->gone_count, count);
	if (count > 0)
		memcpy(sorted, expected, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_ids);
	qsort(world->gone, count, sizeof(*sorted), compare_ids);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(world->gone[i].id, sorted[i].id);
	mem_free(sorted);
}

static void step(struct world *world)
{
	struct command command = random_command(world);
	struct model_answer answer;

	if (command.kind == ENTRY_reclaim)
		command.has_client = false;
	model_fs_apply(world->model, &command, &answer);
	check_first(world, &command, &answer);
	arena_reset(&world->bench.arena);
	ns_apply(world->bench.ns, ns_applied(world->bench.ns) + 1, &command, &world->bench.arena,
	         &world->bench.result);
	compare_answers(&command, &world->bench.result, &answer);
	note_gone(world);
	if (command.has_client && below(world, 4) == 0) {
		world->last = command;
		for (int i = 0; i < 2; i++) /* its strings are about to be written over */
			memcpy(world->paths[2 + i], world->paths[i], PATH_BYTES);
		world->last.kind = ENTRY_NONE;
		if (command.kind == ENTRY_rename || command.kind == ENTRY_delete ||
		    command.kind == ENTRY_mkdirs || command.kind == ENTRY_create) {
			world->last.kind = command.kind;
			/* all of them begin with the path */
			world->last.mkdirs.path = str_of(world->paths[2]);
			if (command.kind == ENTRY_rename)
				world->last.rename.target = str_of(world->paths[3]);
		}
	}
	turn_holds(world);
}

static void run(uint64_t seed, int steps)
{
	struct world world = {.random = random_make(seed),
	                      .model = model_fs_create(),
	                      .width = seed % 2 == 0 ? 5 : 60,
	                      .age_ms = 1};
	struct command cluster = {.kind = ENTRY_cluster,
	                          .cluster = {.cluster_id = STR("CID-1"),
	                                      .namespace_id = 42,
	                                      .block_pool_id = STR("BP-1"),
	                                      .ctime_ms = 1700000000000,
	                                      .owner = STR("root"),
	                                      .group = STR("supergroup"),
	                                      .mode = 0777}};
	struct model_answer answer;
	struct namespace *copy;

	world.bench.ns = ns_create(0);
	arena_init(&world.bench.arena, 0);
	model_fs_apply(world.model, &cluster, &answer);
	bench_apply(&world.bench, &cluster);
	for (int i = 0; i < steps; i++) {
		step(&world);
		if (i % 50 == 0)
			assert_same_hash(ns_digest(world.bench.ns),
			                 ns_digest_recompute(world.bench.ns));
		if (i % 400 == 0)
			compare_trees(world.bench.ns, world.model);
	}
	compare_trees(world.bench.ns, world.model);
	copy = copy_by_records(ns_hold(world.bench.ns), 1000);
	assert_same_hash(ns_digest(copy), ns_digest(world.bench.ns));
	compare_trees(copy, world.model);
	ns_destroy(copy);
	compare_gone(&world);
	for (int i = 0; i < HOLDS_MAX; i++)
		drop_hold(&world.kept[i]);
	mem_free(world.gone);
	model_fs_destroy(world.model);
	bench_close(&world.bench);
}

static void random_commands_are_answered_as_by_the_model(void **state)
{
	const char *seed = getenv("HOLDFAST_TEST_SEED");

	(void)state;
	if (seed != NULL) {
		run(strtoull(seed, NULL, 10), 20000);
		return;
	}
	for (uint64_t i = 1; i <= 12; i++) {
		print_message("seed %llu\n", (unsigned long long)i);
		run(i, 3000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(random_commands_are_answered_as_by_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
