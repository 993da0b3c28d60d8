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
 * Nothing outside the document is ever read, and it may not declare entities, so it can not grow.
 */
#include "config/readers.h"

#include <expat.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

/* Depth of elements at which a property may stand; real files need two. */
enum { XML_DEPTH_MAX = 64 };

enum xml_field { XML_NONE, XML_NAME, XML_VALUE, XML_FINAL, XML_FIELD_COUNT };

struct xml_reader {
	XML_Parser parser;
	struct config_map *map;
	struct config_report *report;
	struct str file;
	int rc;

	int depth;                 /* of open elements */
	int property_depth;        /* of the open <property>, 0 if there is none */
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

static void begin_outside(struct xml_reader *r, const char *name, const XML_Char **attributes)
{
	const char *colon = strchr(name, ':');

	if (strcmp(colon == NULL ? name : colon + 1, "include") == 0)
		refuse(r, "another file is included, which is not supported: write its properties "
		          "into this one");
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
	if (r->depth == r->property_depth)
		end_property(r);
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

int config_read_xml(struct config_map *map, struct str file, struct str text,
                    struct config_report *report)
{
	static const XML_Memory_Handling_Suite memory = {mem_alloc, mem_realloc, mem_free};
	struct xml_reader r = {.map = map, .report = report, .file = file};

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
