/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that outlive a build: entries and records as they were written once must be read for ever;
 * damaged ones are never taken for whole.
 *
 * golden/entries-1 and golden/records-1 were written by the first version.  They never change; a
 * later version adds files of its own.  HOLDFAST_GOLDEN_WRITE=1 writes them (once, for a new file).
 */
#include "base/cursor.h"
#include "ns_testing.h"

static void golden_path(const char *name, char *path, size_t size)
{
	const char *slash = strrchr(__FILE__, '/');

	snprintf(path, size, "%.*s/golden/%s", (int)(slash - __FILE__), __FILE__, name);
}

static struct buf read_golden(const char *name)
{
	char path[1024];
	char piece[4096];
	struct buf buf = {0};
	size_t size;
	FILE *file;

	golden_path(name, path, sizeof(path));
	file = fopen(path, "rb");
	if (file == NULL)
		fail_msg("%s cannot be read", path);
	while ((size = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_append(&buf, piece, size);
	fclose(file);
	return buf;
}

static void write_golden(const char *name, struct str bytes)
{
	char path[1024];
	FILE *file;

	golden_path(name, path, sizeof(path));
	file = fopen(path, "wbx");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
	fclose(file);
}

/* ---- one of everything ---- */

/* Applies a command and keeps its entry: u16 kind, u8 version, u32 size, payload. */
static void enter(struct bench *bench, struct buf *entries, struct command command, int rc)
{
	struct buf payload = {0};

	command.age_ms = 1000 + ns_applied(bench->ns) * 10;
	command.wall_ms = 1700000000000 + command.age_ms;
	command.has_client = true;
	command.client_id[15] = 9;
	command.call_id = (int32_t)ns_applied(bench->ns);
	command_encode(&command, &payload);
	buf_append_le(entries, command.kind, 2);
	buf_append_le(entries, command.version, 1);
	buf_append_le(entries, payload.size, 4);
	buf_append_str(entries, buf_str(&payload));
	buf_finish(&payload);
	if (bench_apply(bench, &command) != rc)
		fail_msg("%s: %d %.*s", entry_kind_name(command.kind), bench->result.rc,
		         STR_ARGS(bench->result.message));
}

static struct command by(const char *user, struct command command)
{
	as_user(&command, user);
	return command;
}

#define ENTER_RC(rc, user, kind_, ...)                                                             \
	enter(bench, entries,                                                                      \
	      by(user, (struct command){.kind = ENTRY_##kind_, .kind_ = {__VA_ARGS__}}), rc)
#define ENTER(...) ENTER_RC(0, __VA_ARGS__)

static void make_open_file(struct bench *bench, struct buf *entries)
{
	struct str workers[] = {STR("uuid-1"), STR("uuid-2")};
	struct block block;

	ENTER("bob", create, .path = STR("/home/bob/open"), .mode = 0600, .holder = STR("h-bob"),
	      .client_machine = STR("10.0.0.1"), .flags = 1, .replication = 2,
	      .block_size = 1 << 27, .storage_policy = 7);
	ENTER("bob", add_block, .path = STR("/home/bob/open"), .holder = STR("h-bob"),
	      .workers = {workers, 2});
	block = bench->result.block;
	ENTER("bob", new_stamp, .block = block, .holder = STR("h-bob"));
	block.length = 4321;
	ENTER("bob", add_block, .path = STR("/home/bob/open"), .holder = STR("h-bob"),
	      .previous = block, .workers = {workers, 1});
	ENTER("bob", abandon_block, .path = STR("/home/bob/open"), .holder = STR("h-bob"),
	      .block = bench->result.block);
	ENTER("bob", add_block, .path = STR("/home/bob/open"), .holder = STR("h-bob"),
	      .previous = block, .workers = {workers, 2});
	ENTER("bob", fsync, .path = STR("/home/bob/open"), .holder = STR("h-bob"), .length = 99);
}

static void make_long_file(struct bench *bench, struct buf *entries)
{
	struct str workers[] = {STR("uuid-3")};
	struct block block = {0};

	ENTER("alice", create, .path = STR("/data/long"), .mode = 0644, .holder = STR("h-alice"),
	      .client_machine = STR("10.0.0.2"), .flags = 3, .create_parent = true,
	      .replication = 3, .block_size = 1 << 20);
	for (int i = 0; i < 90; i++) {
		ENTER("alice", add_block, .path = STR("/data/long"), .holder = STR("h-alice"),
		      .previous = block, .workers = {workers, 1});
		block = bench->result.block;
		block.length = 1 << 20;
	}
	ENTER("alice", complete, .path = STR("/data/long"), .holder = STR("h-alice"),
	      .last = block);
}

static void make_everything(struct bench *bench, struct buf *entries)
{
	uint64_t inodes[] = {16388, 16389};

	ENTER("root", cluster, .cluster_id = STR("CID-golden"), .namespace_id = 4711,
	      .block_pool_id = STR("BP-golden"), .ctime_ms = 1699999999999, .owner = STR("root"),
	      .group = STR("supergroup"), .mode = 0755);
	ENTER("root", noop);
	ENTER("root", feature_level, .level = 1);
	ENTER("root", mkdirs, .path = STR("/home/bob"), .mode = 0755, .create_parent = true);
	ENTER("root", set_owner, .path = STR("/home/bob"), .owner = STR("bob"),
	      .group = STR("users"));
	ENTER("root", mkdirs, .path = STR("/data"), .mode = 01777);
	ENTER("root", mkdirs, .path = STR("/nul\x01/\xff\xfe"), .mode = 0, .create_parent = true);
	make_open_file(bench, entries);
	make_long_file(bench, entries);
	ENTER("alice", create, .path = STR("/data/a"), .mode = 0644, .holder = STR("h-alice"),
	      .client_machine = STR("10.0.0.2"), .flags = 1, .replication = 1,
	      .block_size = 1 << 20);
	ENTER("root", expire_lease, .inode = bench->result.inode, .holder = STR("h-alice"),
	      .lease_number = 3);
	ENTER("alice", rename, .source = STR("/data/a"), .target = STR("/data/b"));
	ENTER("alice", rename2, .source = STR("/data/b"), .target = STR("/data/c"),
	      .overwrite = true);
	ENTER("alice", set_permission, .path = STR("/data/c"), .mode = 0600);
	ENTER("alice", set_times, .path = STR("/data/c"), .mtime_ms = 1, .atime_ms = UINT64_MAX);
	ENTER("alice", set_replication, .path = STR("/data/c"), .replication = 5);
	ENTER("bob", create, .path = STR("/data/d"), .mode = 0644, .holder = STR("h-bob"),
	      .client_machine = STR("10.0.0.1"), .flags = 1, .replication = 1,
	      .block_size = 1 << 20);
	ENTER("bob", recover_lease, .path = STR("/data/d"), .holder = STR("h-other"));
	ENTER("root", access_times, .atime_ms = 1700000099000, .inodes = {inodes, 2});
	ENTER("root", mkdirs, .path = STR("/trash/x/y/z"), .mode = 0755, .create_parent = true);
	ENTER("root", delete, .path = STR("/trash"), .recursive = true, .checked_index = 3);
	ENTER("root", reclaim, .steps = 1);
	ENTER("root", safe_mode, .is_on = true);
	ENTER("root", tick, .forget_at_most_once_age_ms = 500, .forget_others_age_ms = 1200);
	/* refused: a row of the retry table */
	ENTER_RC(-ERR_PERMISSION, "bob", delete, .path = STR("/data/c"));
}

static struct buf records_of(struct namespace *ns)
{
	struct ns_hold *hold = ns_hold(ns);
	struct ns_save *save = ns_save_begin(&hold);
	struct buf buf = {0};

	while (ns_save_step(save, 1000, &buf) > 0)
		continue;
	ns_save_end(save);
	return buf;
}

/* The digest stands in front of golden records, the number of entries before it. */
static void put_head(struct buf *buf, const struct namespace *ns)
{
	struct hash128 digest = ns_digest(ns);

	buf_append_le(buf, ns_applied(ns), 8);
	buf_append_le(buf, digest.low, 8);
	buf_append_le(buf, digest.high, 8);
}

static void write_golden_files(void)
{
	struct bench bench = {.ns = ns_create(0)};
	struct buf entries = {0};
	struct buf file = {0};
	struct buf records;

	arena_init(&bench.arena, 0);
	make_everything(&bench, &entries);
	records = records_of(bench.ns);
	put_head(&file, bench.ns);
	buf_append_str(&file, buf_str(&records));
	write_golden("entries-1", buf_str(&entries));
	write_golden("records-1", buf_str(&file));
	buf_finish(&entries);
	buf_finish(&file);
	buf_finish(&records);
	bench_close(&bench);
}

/* ---- golden files ---- */

static void get_head(struct cursor *c, uint64_t *ret_index, struct hash128 *ret_digest)
{
	*ret_index = cursor_le(c, 8);
	ret_digest->low = cursor_le(c, 8);
	ret_digest->high = cursor_le(c, 8);
}

static void apply_golden(struct bench *bench, struct str entries)
{
	struct cursor c = cursor_of(entries);
	struct arena arena;

	arena_init(&arena, 0);
	while (cursor_left(&c) > 0) {
		unsigned kind = (unsigned)cursor_le(&c, 2);
		unsigned version = cursor_u8(&c);
		struct str payload = cursor_bytes(&c, cursor_le(&c, 4));
		struct command command;

		assert_int_equal(command_decode(kind, version, payload, &arena, &command), 0);
		bench_apply(bench, &command);
		arena_reset(&arena);
	}
	assert_false(c.failed);
	arena_finish(&arena);
}

static void golden_entries_lead_to_the_golden_state(void **state)
{
	struct buf entries;
	struct buf golden;
	struct bench bench = {.ns = ns_create(0)};
	struct cursor c;
	struct hash128 digest;
	uint64_t index;
	struct buf records;

	(void)state;
	if (getenv("HOLDFAST_GOLDEN_WRITE") != NULL)
		write_golden_files();
	entries = read_golden("entries-1");
	golden = read_golden("records-1");
	arena_init(&bench.arena, 0);
	apply_golden(&bench, buf_str(&entries));
	c = cursor_of(buf_str(&golden));
	get_head(&c, &index, &digest);
	assert_int_equal(ns_applied(bench.ns), index);
	assert_same_hash(ns_digest(bench.ns), digest);
	records = records_of(bench.ns);
	assert_int_equal(records.size, cursor_left(&c));
	assert_memory_equal(records.data, c.at, records.size);
	buf_finish(&entries);
	buf_finish(&golden);
	buf_finish(&records);
	bench_close(&bench);
}

static int load(struct namespace *ns, struct str records, uint64_t index, struct hash128 digest)
{
	struct ns_load *load = ns_load_begin(ns);
	int rc = ns_load_step(load, records);
	int end = ns_load_end(load, index, digest);

	return rc < 0 ? rc : end;
}

static void golden_records_are_loaded_and_saved_as_they_were(void **state)
{
	struct buf golden = read_golden("records-1");
	struct cursor c = cursor_of(buf_str(&golden));
	struct bench bench = {.ns = ns_create(0)};
	struct ns_identity identity;
	struct ns_status status = {0};
	struct ns_lease lease;
	struct hash128 digest;
	struct buf records;
	uint64_t index;

	(void)state;
	arena_init(&bench.arena, 0);
	get_head(&c, &index, &digest);
	assert_int_equal(load(bench.ns, str_make(c.at, cursor_left(&c)), index, digest), 0);
	assert_int_equal(ns_applied(bench.ns), index);
	records = records_of(bench.ns);
	assert_int_equal(records.size, cursor_left(&c));
	assert_memory_equal(records.data, c.at, records.size);
	/* and what they say is understood */
	assert_true(ns_identity(bench.ns, &identity));
	assert_true(str_equal(identity.cluster_id, STR("CID-golden")));
	assert_int_equal(identity.namespace_id, 4711);
	assert_true(ns_safe_mode(bench.ns));
	assert_int_equal(look(&bench, "root", "/data/long", &status), 0);
	assert_int_equal(status.block_count, 90);
	assert_int_equal(status.length, 90 << 20);
	assert_int_equal(look(&bench, "root", "/data/c", &status), 0);
	assert_int_equal(status.mtime_ms, 1);
	assert_int_equal(status.replication, 5);
	assert_true(str_equal(status.owner, STR("alice")));
	assert_int_equal(look(&bench, "root", "/home/bob/open", &status), 0);
	assert_true(ns_find_lease(bench.ns, status.inode, &lease));
	assert_true(str_equal(lease.holder, STR("h-bob")));
	assert_true(exists(&bench, "/nul\x01/\xff\xfe"));
	while (bench.result.left_to_reclaim > 0 || !exists(&bench, "/after")) {
		do_reclaim(&bench, 1);
		do_mkdirs(&bench, "root", "/after", 0755);
	}
	buf_finish(&golden);
	buf_finish(&records);
	bench_close(&bench);
}

/* ---- damage ---- */

static void make_small_state(struct bench *bench)
{
	struct command command = {.kind = ENTRY_delete,
	                          .has_client = true,
	                          .delete = {.path = STR("/d/gone"), .recursive = true}};

	bench_open(bench);
	make_file_of(bench, "/d/f", 100);
	make_file_of(bench, "/d/gone/f", 100);
	do_mkdirs(bench, "bob", "/d", 0700);
	do_set_permission(bench, "root", "/d", 0700);
	do_create(bench, "root", "/open", "h", 1);
	as_user(&command, "root");
	bench_apply(bench, &command);
}

static int load_afresh(struct str records, uint64_t index, struct hash128 digest)
{
	struct namespace *ns = ns_create(0);
	int rc = load(ns, records, index, digest);

	ns_destroy(ns);
	return rc;
}

static void records_cut_anywhere_are_refused(void **state)
{
	struct buf records;
	struct bench b;

	(void)state;
	make_small_state(&b);
	records = records_of(b.ns);
	assert_int_equal(load_afresh(buf_str(&records), 9, ns_digest(b.ns)), 0);
	for (size_t size = 0; size < records.size; size++)
		assert_true(load_afresh(str_make(records.data, size), 9, ns_digest(b.ns)) < 0);
	buf_finish(&records);
	bench_close(&b);
}

static void a_changed_byte_anywhere_is_found(void **state)
{
	static const uint8_t changes[] = {0x01, 0x80, 0xff};
	struct buf records;
	struct bench b;

	(void)state;
	make_small_state(&b);
	records = records_of(b.ns);
	for (size_t at = 0; at < records.size; at++)
		for (size_t i = 0; i < COUNT_OF(changes); i++) {
			records.data[at] ^= changes[i];
			assert_true(load_afresh(buf_str(&records), 9, ns_digest(b.ns)) < 0);
			records.data[at] ^= changes[i];
		}
	assert_int_equal(load_afresh(buf_str(&records), 9, ns_digest(b.ns)), 0);
	buf_finish(&records);
	bench_close(&b);
}

/* Offset of the n-th record of a kind, and its size with its head. */
static size_t find_record(const struct buf *records, uint8_t kind, unsigned n, size_t *ret_size)
{
	struct cursor c = cursor_of(buf_str(records));

	while (cursor_left(&c) > 0) {
		size_t at = (size_t)(c.at - records->data);
		uint8_t this_kind = cursor_u8(&c);
		size_t size = cursor_le(&c, 4);

		cursor_bytes(&c, size);
		if (this_kind == kind && n-- == 0) {
			*ret_size = size + 5;
			return at;
		}
	}
	fail_msg("there is no such record");
	return 0;
}

enum { KIND_SETTINGS = 1, KIND_INODE = 3 };

/* Adds bytes to the end of the n-th record of a kind. */
static struct buf with_tail(const struct buf *records, uint8_t kind, unsigned n, const void *tail,
                            size_t size)
{
	size_t record_size = 0;
	size_t at = find_record(records, kind, n, &record_size);
	struct buf out = {0};

	buf_append(&out, records->data, at);
	buf_append_u8(&out, kind);
	buf_append_le(&out, record_size - 5 + size, 4);
	buf_append(&out, records->data + at + 5, record_size - 5);
	buf_append(&out, tail, size);
	buf_append(&out, records->data + at + record_size, records->size - at - record_size);
	return out;
}

/* The digest of records that only a later version would write: that of a load that fails by it. */
static struct hash128 digest_of(struct str records)
{
	struct namespace *ns = ns_create(0);
	struct hash128 digest;

	assert_int_equal(load(ns, records, 9, (struct hash128){0}), -ERR_DAMAGED);
	digest = ns_digest(ns);
	ns_destroy(ns);
	return digest;
}

static void fields_of_a_later_version_are_carried_through(void **state)
{
	static const uint8_t later[] = {40, 3, 'n', 'e', 'w', 60, 0};
	struct bench copy = {.ns = ns_create(0)};
	struct buf records;
	struct buf extended;
	struct buf saved;
	struct bench b;

	(void)state;
	make_small_state(&b);
	records = records_of(b.ns);
	extended = with_tail(&records, KIND_INODE, 1, later, sizeof(later));
	buf_finish(&records);
	records = extended;
	extended = with_tail(&records, KIND_SETTINGS, 0, later, sizeof(later));
	arena_init(&copy.arena, 0);
	assert_int_equal(load(copy.ns, buf_str(&extended), 9, digest_of(buf_str(&extended))), 0);
	saved = records_of(copy.ns);
	assert_int_equal(saved.size, extended.size);
	assert_memory_equal(saved.data, extended.data, saved.size);
	buf_finish(&saved);
	/* through changes of the inode too */
	assert_int_equal(do_set_permission(&copy, "root", "/d", 0711), 0);
	assert_int_equal(do_rename(&copy, "root", "/d", "/e"), 0);
	saved = records_of(copy.ns);
	assert_non_null(memmem(saved.data, saved.size, later, sizeof(later)));
	bench_close(&copy);
	buf_finish(&saved);
	buf_finish(&records);
	buf_finish(&extended);
	bench_close(&b);
}

static void what_must_be_understood_and_is_not_is_refused(void **state)
{
	static const uint8_t must[] = {41, 3, 'n', 'e', 'w'};
	static const uint8_t kind[] = {99, 0, 0, 0, 0};
	struct buf records;
	struct buf extended;
	struct bench b;

	(void)state;
	make_small_state(&b);
	records = records_of(b.ns);
	extended = with_tail(&records, KIND_INODE, 1, must, sizeof(must));
	assert_int_equal(load_afresh(buf_str(&extended), 9, ns_digest(b.ns)), -ERR_UNSUPPORTED);
	buf_append(&records, kind, sizeof(kind));
	assert_int_equal(load_afresh(buf_str(&records), 9, ns_digest(b.ns)), -ERR_UNSUPPORTED);
	buf_finish(&records);
	buf_finish(&extended);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(golden_entries_lead_to_the_golden_state),
	        cmocka_unit_test(golden_records_are_loaded_and_saved_as_they_were),
	        cmocka_unit_test(records_cut_anywhere_are_refused),
	        cmocka_unit_test(a_changed_byte_anywhere_is_found),
	        cmocka_unit_test(fields_of_a_later_version_are_carried_through),
	        cmocka_unit_test(what_must_be_understood_and_is_not_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
