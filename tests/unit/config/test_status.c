/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the table says about effects is what the code does: a row is OBEYED if and only if some code
 * outside src/config/ names its key.
 */
#include "unit/config/world.h"

#include <ctype.h>
#include <glob.h>
#include <libgen.h>

#include "config/table.h"

/* Rows that this folder itself obeys: references in values, and own ids. */
static const enum config_key obeyed_here[] = {
        CONFIG_KEY_ALLUXIO_HOME,       CONFIG_KEY_ALLUXIO_WORK_DIR,   CONFIG_KEY_HADOOP_TMP_DIR,
        CONFIG_KEY_DFS_NAMESERVICE_ID, CONFIG_KEY_DFS_HA_NAMENODE_ID,
};

static const char *const ids[] = {
#define PROPERTY(id, name, spec, readers, status, doc) #id,
#include "config/properties.def"
#undef PROPERTY
};

static void append_file(const char *path, struct buf *to)
{
	FILE *file = fopen(path, "r");
	char bytes[65536];
	size_t size;

	assert_non_null(file);
	while ((size = fread(bytes, 1, sizeof(bytes), file)) > 0)
		buf_append(to, bytes, size);
	fclose(file);
}

/* The text of all sources but this folder's. */
static void append_sources(struct buf *to)
{
	char here[] = __FILE__;
	char pattern[4096];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/../../../src/{*,*/*}.[ch]", dirname(here));
	assert_int_equal(glob(pattern, GLOB_BRACE, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (strstr(found.gl_pathv[i], "/src/config/") == NULL)
			append_file(found.gl_pathv[i], to);
	}
	globfree(&found);
	buf_append_u8(to, '\0');
}

static bool has_word(const char *text, const char *word)
{
	size_t size = strlen(word);

	while ((text = strstr(text, word)) != NULL) {
		text += size;
		if (*text != '_' && !isalnum((unsigned char)*text))
			return true;
	}
	return false;
}

static bool is_obeyed_here(enum config_key key)
{
	for (size_t i = 0; i < COUNT_OF(obeyed_here); i++) {
		if (obeyed_here[i] == key)
			return true;
	}
	return false;
}

static void a_row_is_obeyed_if_and_only_if_code_reads_it(void **state)
{
	struct buf sources = {0};
	struct buf wrong = {0};

	(void)state;
	append_sources(&sources);
	for (enum config_key key = 0; key < CONFIG_KEY_COUNT; key++) {
		bool is_obeyed = config_property(key)->is_obeyed;
		char word[256];

		snprintf(word, sizeof(word), "CONFIG_KEY_%s", ids[key]);
		if ((has_word((const char *)sources.data, word) || is_obeyed_here(key)) !=
		    is_obeyed)
			buf_append_format(&wrong, "%s must be %s in properties.def\n",
			                  config_name(key), is_obeyed ? "ACCEPTED" : "OBEYED");
	}
	if (wrong.size > 0)
		fail_msg("\n%.*s", (int)wrong.size, (const char *)wrong.data);
	buf_finish(&sources);
	buf_finish(&wrong);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_row_is_obeyed_if_and_only_if_code_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
