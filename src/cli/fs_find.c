/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find: expressions are primaries that must all be true; -print and -print0 always are.
 */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "cli/fs.h"

enum primary_kind { FIND_NAME, FIND_INAME, FIND_PRINT, FIND_PRINT0 };

struct primary {
	enum primary_kind kind;
	struct str pattern; /* of names; in small letters for -iname */
};

struct find {
	struct primary *primaries;
	size_t count;
};

static struct str lower(struct arena *arena, struct str text)
{
	char *copy = arena_alloc(arena, text.size + 1);

	CHECK(copy != NULL);
	for (size_t i = 0; i < text.size; i++)
		copy[i] = (char)tolower((unsigned char)text.data[i]);
	copy[text.size] = '\0';
	return str_make(copy, text.size);
}

/* Of a pattern's alternatives. */
struct match {
	struct str name;
	bool found;
};

static int try_alternative(void *context, const char *pattern)
{
	struct match *match = context;

	match->found = match->found || glob_matches(match->name, pattern);
	return 0;
}

static bool matches(struct arena *arena, struct str name, struct str pattern)
{
	struct match match = {.name = name};
	int rc = glob_alternatives(arena, pattern.data, try_alternative, &match);

	return rc == 0 && match.found;
}

static bool holds(const struct primary *primary, struct listing *scratch,
                  const struct fs_item *item)
{
	struct str name = shell_name_of(item->at.path);
	struct arena *arena = &scratch->arena;

	switch (primary->kind) {
	case FIND_NAME: return matches(arena, name, primary->pattern);
	case FIND_INAME: return matches(arena, lower(arena, name), primary->pattern);
	case FIND_PRINT:
	case FIND_PRINT0:
		printf("%.*s%c", STR_ARGS(item->at.text),
		       primary->kind == FIND_PRINT ? '\n' : '\0');
		return true;
	}
	return true;
}

static void find_item(struct shell *shell, const struct fs_item *item, void *context)
{
	const struct find *find = context;
	struct listing scratch = {0};
	bool goes_on = true;

	for (size_t i = 0; goes_on && i < find->count; i++)
		goes_on = holds(&find->primaries[i], &scratch, item);
	listing_finish(&scratch);
	if (shell_is_directory(&item->status))
		fs_for_children(shell, item, find_item, context);
}

/* ---- the expression ---- */

static bool takes_word(const char *word, enum primary_kind *ret_kind)
{
	static const char *const words[] = {"-name", "-iname", "-print", "-print0"};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (strcmp(word, words[i]) == 0) {
			*ret_kind = (enum primary_kind)i;
			return true;
		}
	}
	return false;
}

static bool check_pattern(struct shell *shell, struct str pattern)
{
	struct str problem;

	if (!glob_problem(&shell->arena, pattern.data, &problem))
		return true;
	fs_fatal(shell, "com.google.re2j.PatternSyntaxException: error parsing regexp: %.*s",
	         STR_ARGS(problem));
	return false;
}

static bool parse(struct shell *shell, struct find *find, const struct fs_options *options,
                  size_t at)
{
	bool prints = false;

	for (; at < options->count; at++) {
		struct primary *primary = &find->primaries[find->count];
		const char *word = options->arguments[at];

		if (strcmp(word, "-a") == 0 || strcmp(word, "-and") == 0)
			continue;
		if (!takes_word(word, &primary->kind)) {
			fs_error(shell, "Unexpected argument: %s", word);
			return false;
		}
		prints = prints || primary->kind >= FIND_PRINT;
		find->count++;
		if (primary->kind >= FIND_PRINT)
			continue;
		if (++at == options->count) {
			fs_usage_error(shell, "%s wants a pattern", word);
			return false;
		}
		primary->pattern = str_of(options->arguments[at]);
		if (primary->kind == FIND_INAME)
			primary->pattern = lower(&shell->arena, primary->pattern);
		if (!check_pattern(shell, primary->pattern))
			return false;
	}
	if (!prints)
		find->primaries[find->count++].kind = FIND_PRINT;
	return true;
}

int fs_find(struct shell *shell, const struct fs_options *options)
{
	struct fs_options paths = *options;
	struct find find = {
	        .primaries = mem_must_zalloc((options->count + 1) * sizeof(*find.primaries))};

	paths.count = 0;
	while (paths.count < options->count && options->arguments[paths.count][0] != '-')
		paths.count++;
	if (parse(shell, &find, options, paths.count)) {
		paths = fs_or_home(&paths);
		fs_for_each(shell, &paths, 0, find_item, NULL, &find);
	}
	mem_free(find.primaries);
	return 0;
}
