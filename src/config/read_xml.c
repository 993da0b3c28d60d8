/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hadoop's configuration files, by expat.
 *
 *	<configuration>
 *	  <property> <name>..</name> <value>..</value> <final>true</final> </property>
 *	</configuration>
 *
 * A <configuration> may contain others.  Other elements inside a <property> (description, source,
 * tag) mean nothing; elsewhere they get a warning, for they are most likely a misspelt <property>.
 * A document may not declare entities, so it can not grow.
 *
 *	<xi:include href="other.xml"> <xi:fallback> ..properties.. </xi:fallback> </xi:include>
 *
 * reads another file in its place (Hadoop: Configuration.Parser); a relative name counts from the
 * folder of this one.  What stands in the fallback counts only if that file is not there.
 */
#include "config/readers.h"

#include <expat.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/locator.h"

enum {
	XML_DEPTH_MAX = 64,     /* of elements; real files need two */
	XML_INCLUDES_MAX = 100, /* of a document and those that it includes, together */
};

enum xml_field { XML_NONE, XML_NAME, XML_VALUE, XML_FINAL, XML_FIELD_COUNT };

struct xml_reader {
	XML_Parser parser;
	struct config_map *map;
	const struct config_reader *files;
	struct config_report *report;
	struct str file;
	unsigned *include_count; /* of all documents around this one */
	int rc;

	int depth;                 /* of open elements */
	int property_depth;        /* of the open <property>, 0 if there is none */
	int include_depth;         /* of the open <include>, 0 if there is none */
	int skipped_depth;         /* of the open element that does not count, 0 if there is none */
	bool needs_fallback;       /* the included file is not there */
	enum xml_field field;      /* whose text comes in */
	bool has[XML_FIELD_COUNT]; /* of the open property */
	struct buf text[XML_FIELD_COUNT];
	unsigned line; /* of the name, or of the property */
};

static unsigned current_line(const struct xml_reader *r)
{
	return (unsigned)XML_GetCurrentLineNumber(r->parser);
}

/* Stops the parser; the report has the reason already. */
static void stop(struct xml_reader *r, int rc)
{
	r->rc = rc;
	XML_StopParser(r->parser, /* resumable: */ XML_FALSE);
}

static void refuse(struct xml_reader *r, const char *why)
{
	config_report_add(r->report, CONFIG_ERROR, r->file, current_line(r), "%s", why);
	stop(r, -ERR_INVALID);
}

static enum xml_field field_named(const char *name)
{
	if (strcmp(name, "name") == 0)
		return XML_NAME;
	if (strcmp(name, "value") == 0)
		return XML_VALUE;
	if (strcmp(name, "final") == 0)
		return XML_FINAL;
	return XML_NONE;
}

/* The field is there once text comes in: in Hadoop <value></value> is no value. */
static void begin_field(struct xml_reader *r, enum xml_field field)
{
	r->field = field;
	r->has[field] = false;
	buf_clear(&r->text[field]);
	if (field == XML_NAME)
		r->line = current_line(r);
}

static void begin_property(struct xml_reader *r, const XML_Char **attributes)
{
	r->property_depth = r->depth;
	r->line = current_line(r);
	for (int i = 0; i < XML_FIELD_COUNT; i++) {
		r->has[i] = false;
		buf_clear(&r->text[i]);
	}
	for (; attributes[0] != NULL; attributes += 2) {
		enum xml_field field = field_named(attributes[0]);

		r->has[field] = true;
		buf_append_str(&r->text[field], str_of(attributes[1]));
	}
}

/* Where the included file lies, NUL-terminated; `data` is NULL after a refusal. */
static struct str included_path(struct xml_reader *r, const char *href)
{
	const char *slash = memrchr(r->file.data, '/', r->file.size);
	int folder = slash == NULL ? 0 : (int)(slash + 1 - r->file.data);
	struct str path;

	if (config_parse_path(str_of(href), &path) == NULL) {
		path = config_map_copy(r->map, path);
	} else if (strstr(href, ":/") != NULL) {
		refuse(r, "only a file of this machine can be included");
		return (struct str){0};
	} else {
		path = arena_format(&r->map->arena, "%.*s%s", folder, r->file.data, href);
	}
	if (path.data == NULL)
		stop(r, -ERR_NO_MEMORY);
	return path;
}

static int parse_document(const struct xml_reader *like, struct str file, struct str text);

static void include(struct xml_reader *r, struct str path)
{
	struct buf text = {0};
	int rc = r->files->read_file(r->files->context, path.data, &text);

	r->needs_fallback = rc == -ERR_NO_FILE;
	if (rc == 0 && text.size > CONFIG_FILE_BYTES_MAX)
		rc = -ERR_TOO_LARGE;
	if (rc == 0)
		rc = parse_document(r, path, buf_str(&text));
	else if (rc != -ERR_NO_FILE && rc != -ERR_NO_MEMORY)
		config_report_add(r->report, CONFIG_ERROR, r->file, current_line(r),
		                  "%.*s can not be included: %s", STR_ARGS(path), err_text(rc));
	if (rc == -ERR_NO_MEMORY)
		stop(r, rc);
	buf_finish(&text);
}

static void begin_include(struct xml_reader *r, const XML_Char **attributes)
{
	struct str path;

	while (attributes[0] != NULL && strcmp(attributes[0], "href") != 0)
		attributes += 2;
	if (attributes[0] == NULL || attributes[1][0] == '\0') {
		refuse(r, "an <include> without href");
		return;
	}
	if (r->include_depth != 0) {
		refuse(r, "an <include> inside another one");
		return;
	}
	if (++*r->include_count > XML_INCLUDES_MAX) {
		refuse(r, "more than 100 files are included: perhaps one that includes itself");
		return;
	}
	r->include_depth = r->depth;
	path = included_path(r, attributes[1]);
	if (path.data != NULL)
		include(r, path);
}

static void begin_fallback(struct xml_reader *r)
{
	if (!r->needs_fallback)
		r->skipped_depth = r->depth;
	r->needs_fallback = false;
}

static void end_include(struct xml_reader *r)
{
	r->include_depth = 0;
	if (r->needs_fallback)
		refuse(r, "the included file is not there, and there is no <fallback>");
}

static void begin_outside(struct xml_reader *r, const char *name, const XML_Char **attributes)
{
	const char *colon = strchr(name, ':');
	const char *local = colon == NULL ? name : colon + 1;

	if (strcmp(local, "include") == 0)
		begin_include(r, attributes);
	else if (r->include_depth > 0 && strcmp(local, "fallback") == 0)
		begin_fallback(r);
	else if (r->depth == 1 && strcmp(name, "configuration") != 0)
		refuse(r, "the outermost element is not <configuration>");
	else if (strcmp(name, "property") == 0)
		begin_property(r, attributes);
	else if (strcmp(name, "configuration") != 0)
		config_report_add(r->report, CONFIG_WARNING, r->file, current_line(r),
		                  "<%.64s> is not <property> and does not count", name);
}

static void XMLCALL begin_element(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct xml_reader *r = context;

	if (++r->depth > XML_DEPTH_MAX) {
		refuse(r, "elements are nested more than 64 deep");
		return;
	}
	if (r->skipped_depth > 0)
		return;
	if (r->property_depth == 0) {
		begin_outside(r, name, attributes);
	} else if (strcmp(name, "property") == 0) {
		refuse(r, "a <property> begins inside another one");
	} else if (r->depth == r->property_depth + 1) {
		begin_field(r, field_named(name));
	}
}

/* Only "true" makes a property final, as in Hadoop: no blanks, no capitals. */
static bool is_final(struct xml_reader *r)
{
	struct str word = buf_str(&r->text[XML_FINAL]);

	if (str_equal(word, STR("true")))
		return true;
	if (r->has[XML_FINAL] && !str_equal(word, STR("false")))
		config_report_add(r->report, CONFIG_WARNING, r->file, r->line,
		                  "<final> is neither true nor false and does not count");
	return false;
}

static void end_property(struct xml_reader *r)
{
	struct config_place place = {.file = r->file, .line = r->line};
	bool failed = false;
	int rc;

	r->property_depth = 0;
	for (int i = 0; i < XML_FIELD_COUNT; i++)
		failed = failed || r->text[i].failed;
	if (failed) {
		stop(r, -ERR_NO_MEMORY);
		return;
	}
	if (!r->has[XML_NAME] || !r->has[XML_VALUE]) {
		config_report_add(r->report, r->has[XML_NAME] ? CONFIG_NOTE : CONFIG_WARNING,
		                  r->file, r->line, "a <property> without a %s does not count",
		                  r->has[XML_NAME] ? "value" : "name");
		return;
	}
	rc = config_map_set(r->map, &place, buf_str(&r->text[XML_NAME]),
	                    buf_str(&r->text[XML_VALUE]), is_final(r), r->report);
	if (rc < 0)
		stop(r, rc);
}

static void XMLCALL end_element(void *context, const XML_Char *name)
{
	struct xml_reader *r = context;

	(void)name;
	if (r->skipped_depth > 0)
		r->skipped_depth = r->depth == r->skipped_depth ? 0 : r->skipped_depth;
	else if (r->depth == r->property_depth)
		end_property(r);
	else if (r->depth == r->include_depth)
		end_include(r);
	else if (r->depth == r->property_depth + 1)
		r->field = XML_NONE;
	r->depth--;
}

static void XMLCALL take_text(void *context, const XML_Char *text, int length)
{
	struct xml_reader *r = context;
	struct buf *to = &r->text[r->field];

	if (r->field == XML_NONE)
		return;
	r->has[r->field] = true;
	if (to->size + (size_t)length > CONFIG_VALUE_BYTES_MAX)
		refuse(r, "the value of a property is longer than 64KB");
	else
		buf_append(to, text, (size_t)length);
}

static void XMLCALL declare_entity(void *context, const XML_Char *name, int is_parameter,
                                   const XML_Char *value, int value_length, const XML_Char *base,
                                   const XML_Char *system_id, const XML_Char *public_id,
                                   const XML_Char *notation)
{
	(void)name, (void)is_parameter, (void)value, (void)value_length, (void)base;
	(void)system_id, (void)public_id, (void)notation;
	refuse(context, "the document declares an entity, which is not supported: write its text "
	                "where it is used");
}

static void XMLCALL skip_entity(void *context, const XML_Char *name, int is_parameter)
{
	(void)name, (void)is_parameter;
	refuse(context, "the document uses an entity that it does not declare");
}

static void parse(struct xml_reader *r, struct str text)
{
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, begin_element, end_element);
	XML_SetCharacterDataHandler(r->parser, take_text);
	XML_SetEntityDeclHandler(r->parser, declare_entity);
	XML_SetSkippedEntityHandler(r->parser, skip_entity);
	/* A salt of ours: else expat asks the kernel for one, and only io/ may do that. */
	XML_SetHashSalt(r->parser, 1);
	if (XML_Parse(r->parser, text.data, (int)text.size, /* isFinal: */ 1) == XML_STATUS_OK ||
	    r->rc != 0)
		return;
	if (XML_GetErrorCode(r->parser) == XML_ERROR_NO_MEMORY)
		r->rc = -ERR_NO_MEMORY;
	else
		config_report_add(r->report, CONFIG_ERROR, r->file, current_line(r),
		                  "is not well-formed XML: %s",
		                  XML_ErrorString(XML_GetErrorCode(r->parser)));
}

/* A document of its own, for the same map and report. */
static int parse_document(const struct xml_reader *like, struct str file, struct str text)
{
	static const XML_Memory_Handling_Suite memory = {mem_alloc, mem_realloc, mem_free};
	struct xml_reader r = {.map = like->map,
	                       .files = like->files,
	                       .report = like->report,
	                       .file = file,
	                       .include_count = like->include_count};

	CHECK(text.size <= INT32_MAX);
	r.parser = XML_ParserCreate_MM(/* encoding: */ NULL, &memory, /* separator: */ NULL);
	if (r.parser == NULL)
		return -ERR_NO_MEMORY;
	parse(&r, text);
	XML_ParserFree(r.parser);
	for (int i = 0; i < XML_FIELD_COUNT; i++)
		buf_finish(&r.text[i]);
	return r.rc == -ERR_NO_MEMORY ? r.rc : 0;
}

int config_read_xml(struct config_map *map, const struct config_reader *files, struct str file,
                    struct str text, struct config_report *report)
{
	unsigned include_count = 0;
	struct xml_reader like = {
	        .map = map, .files = files, .report = report, .include_count = &include_count};

	return parse_document(&like, file, text);
}
