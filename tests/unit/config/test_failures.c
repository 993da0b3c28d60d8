/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The n-th allocation fails, files end at every byte, and bytes are wrong.  Always: a clear error,
 * or a configuration that can be asked.
 */
#include "unit/config/world.h"

#include "base/mem.h"
#include "base/random.h"
#include "config/commands.h"

/* Long texts make it likely that a block of an arena ends in them. */
#define LONG_NAME                                                                                  \
	"a-folder-with-a-name-that-is-longer-than-anybody-would-like-to-type-or-to-read/"          \
	"and-another-one-in-it-so-that-nobody-can-say-that-we-did-not-try-to-be-as-long-as-we-can"

/* clang-format off */
#define CORE_BODY \
	FINAL_PROP("fs.defaultFS", "hdfs://c1") \
	"<property name=\"io.file.buffer.size\" value=\"131072\"/>\n" \
	PROP("dfs.replication", "1") \
	PROP("dfs.namenode.name.dir", "/weaker") \
	PROP("hadoop.tmp.dir", "/tmp/${user.name}") \
	"</configuration>\n"

static const char sample_core[] = "<?xml version=\"1.0\"?>\n<configuration>\n" CORE_BODY;

static const char sample_hdfs[] = XML(
	PROP("dfs.nameservices", "c1")
	PROP("dfs.ha.namenodes.c1", "nn1,nn2")
	PROP("dfs.namenode.rpc-address.c1.nn1", "h1:8020")
	PROP("dfs.namenode.rpc-address.c1.nn2", "[::1]:8020")
	PROP("dfs.namenode.name.dir", "file:///" LONG_NAME ",/" LONG_NAME)
	PROP("fs.defaultFS", "hdfs://other")
	PROP("dfs.replication", "2"));
/* clang-format on */

static const char sample_alluxio[] =
        "# comment\nalluxio.master.hostname = m\\\n  1\n"
        "alluxio.master.journal.folder=${alluxio.work.dir}/j\\u00e9\n"
        "alluxio.master.embedded.journal.addresses=m1:1,m2:2\n"
        "dfs.made.up=1\nalluxio.worker.block.heartbeat.timeout.ms=9s\n";

static void add_sample(struct world *world)
{
	world->conf_dir = "/c";
	world->namenode = "nn2";
	world_add_env(world, "USER", "u");
	world_add_file(world, "/c/core-site.xml", sample_core);
	world_add_file(world, "/c/hdfs-site.xml", sample_hdfs);
	world_add_file(world, "/c/alluxio-site.properties", sample_alluxio);
	world_add_override(world, "dfs.blocksize=1MB");
}

/* Reads everything that a loaded configuration can be asked for. */
static void ask_everything(struct world *world)
{
	buf_clear(&world->text);
	config_list(world->config, &world->text);
	config_check(&world->report, &world->text);
	for (enum config_key key = 0; key < CONFIG_KEY_COUNT; key++) {
		config_origin(world->config, key, &world->text);
		assert_int_equal(
		        config_explain(world->config, str_of(config_name(key)), &world->text), 0);
	}
	assert_false(world->text.failed);
}

static void the_sample_is_good(void **state)
{
	struct world world = {0};

	(void)state;
	add_sample(&world);
	world_must_load(&world);
	ask_everything(&world);
	world_finish(&world);
}

/* Arenas ask for memory in blocks.  A first value of this length moves their ends, so that over all
 * lengths every piece of code meets one. */
enum { PADDING_MAX = 4096, PADDING_STEP = 112 };

static void pad_core(struct world *world, int size)
{
	static char text[PADDING_MAX + sizeof(CORE_BODY) + 64];

	snprintf(text, sizeof(text), "<configuration><property name=\"x\" value=\"%0*d\"/>%s", size,
	         0, CORE_BODY);
	world->files[0].text = text;
	world->files[0].size = strlen(text);
}

/* Loads with the n-th allocation failing, for every n; the load that meets no failure gives `rc`.
 */
static void fail_every_allocation(const char *const *overrides, size_t count, int padding,
                                  int expected)
{
	bool is_done = false;

	for (int64_t n = 0; !is_done; n++) {
		struct world world = {0};
		int rc;

		add_sample(&world);
		pad_core(&world, padding);
		for (size_t i = 0; i < count; i++)
			world_add_override(&world, overrides[i]);
		mem_fail_after(n);
		rc = world_load(&world);
		is_done = !mem_has_failed();
		mem_fail_after(-1);
		assert_int_equal(rc, is_done ? expected : -ERR_NO_MEMORY);
		assert_int_equal(rc == 0, world.config != NULL);
		world_finish(&world);
	}
}

static void any_allocation_of_a_load_may_fail(void **state)
{
	(void)state;
	for (int padding = 1; padding < PADDING_MAX; padding += PADDING_STEP)
		fail_every_allocation(NULL, 0, padding, 0);
}

/* With errors, so that the report's own allocations fail too. */
static void any_allocation_of_a_refused_load_may_fail(void **state)
{
	static const char *const overrides[] = {"dfs.replication=-1", "holdfast.made.up=-1",
	                                        "alluxio.home=${alluxio.home}", "novalue"};

	(void)state;
	for (int padding = 1; padding < PADDING_MAX; padding += PADDING_STEP)
		fail_every_allocation(overrides, COUNT_OF(overrides), padding, -ERR_INVALID);
}

static void any_allocation_of_a_command_may_fail(void **state)
{
	struct world world = {0};
	int64_t n = 0;

	(void)state;
	add_sample(&world);
	world_must_load(&world);
	do {
		buf_finish(&world.text);
		mem_fail_after(n++);
		config_list(world.config, &world.text);
		config_docs(&world.text);
		config_check(&world.report, &world.text);
		mem_fail_after(-1);
	} while (world.text.failed);
	assert_true(n > 5);
	world_finish(&world);
}

/* Whatever stands in the files: refused with at least one error and no configuration, or loaded
 * with none. */
static void load_consistently(struct world *world)
{
	int rc = world_load(world);

	assert_true(rc == 0 || rc == -ERR_INVALID);
	assert_int_equal(rc == 0, world->report.severity_count[CONFIG_ERROR] == 0);
	assert_int_equal(rc == 0, world->config != NULL);
	if (rc == 0)
		ask_everything(world);
}

static void a_file_may_end_at_every_byte(void **state)
{
	(void)state;
	for (size_t file = 0; file < 3; file++) {
		struct world whole = {0};

		add_sample(&whole);
		for (size_t size = 0; size < whole.files[file].size; size++) {
			struct world world = {0};
			char *cut = mem_strdup(str_make(whole.files[file].text, size));

			add_sample(&world);
			world.files[file].text = cut; /* a read past the end is found */
			world.files[file].size = size;
			load_consistently(&world);
			world_finish(&world);
			mem_free(cut);
		}
	}
}

/* An XML file that is not complete is never taken for a shorter one. */
static void a_cut_xml_file_is_refused(void **state)
{
	(void)state;
	for (size_t size = 0; size < strlen(sample_core) - strlen(">\n"); size++) {
		struct world world = {.conf_dir = "/c"};

		world_add_file(&world, "/c/core-site.xml", sample_core);
		world.files[0].size = size;
		world_must_refuse(&world, "/c/core-site.xml:");
		world_must_report(&world, "is not well-formed XML");
		world_finish(&world);
	}
}

static void bytes_may_be_wrong(void **state)
{
	struct random random = random_make(20240607);

	(void)state;
	for (int round = 0; round < 2000; round++) {
		size_t file = random_below(&random, 3);
		struct world world = {0};
		char *text;

		add_sample(&world);
		text = mem_strdup(str_make(world.files[file].text, world.files[file].size));
		for (int i = 0; i < 4; i++)
			text[random_below(&random, world.files[file].size)] =
			        (char)random_below(&random, 256);
		world.files[file].text = text;
		load_consistently(&world);
		world_finish(&world);
		mem_free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_sample_is_good),
	        cmocka_unit_test(any_allocation_of_a_load_may_fail),
	        cmocka_unit_test(any_allocation_of_a_refused_load_may_fail),
	        cmocka_unit_test(any_allocation_of_a_command_may_fail),
	        cmocka_unit_test(a_file_may_end_at_every_byte),
	        cmocka_unit_test(a_cut_xml_file_is_refused),
	        cmocka_unit_test(bytes_may_be_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
