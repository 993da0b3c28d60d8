/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of java.util.Properties.
 *
 * A natural line ends with \n, \r, \r\n or the file.  One whose first character that is no blank is
 * # or ! is a comment; one of blanks only is nothing.  A line that ends with an odd number of
 * backslashes goes on in the next natural line, whose leading blanks are dropped; there # and !
 * are characters like others.
 *
 * In such a logical line the name ends before the first =, : or blank that no backslash precedes.
 * Blanks, at most one = or :, and blanks again stand between name and value.
 */
#include "config/readers.h"

#include "base/buf.h"
#include "base/cursor.h"
#include "base/err.h"

struct properties_reader {
	struct config_map *map;
	struct config_report *report;
	struct config_place place; /* line of the logical line */
	struct str text;
	size_t at;
	unsigned line; /* of text.data[at], from 1 */
	struct buf logical;
	struct buf name;
	struct buf value;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\f';
}

static bool is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

static void skip_blanks(struct properties_reader *r)
{
	while (r->at < r->text.size && is_blank(r->text.data[r->at]))
		r->at++;
}

static void skip_line_end(struct properties_reader *r)
{
	if (r->at == r->text.size)
		return;
	if (r->text.data[r->at] == '\r' && r->at + 1 < r->text.size &&
	    r->text.data[r->at + 1] == '\n')
		r->at++;
	r->at++;
	r->line++;
}

/* The rest of the natural line, without its end; the reader stands after the end. */
static struct str take_natural_line(struct properties_reader *r)
{
	size_t start = r->at;
	struct str line;

	while (r->at < r->text.size && !is_line_end(r->text.data[r->at]))
		r->at++;
	line = str_make(r->text.data + start, r->at - start);
	skip_line_end(r);
	return line;
}

static bool goes_on(struct str line)
{
	size_t backslashes = 0;

	while (backslashes < line.size && line.data[line.size - 1 - backslashes] == '\\')
		backslashes++;
	return backslashes % 2 == 1;
}

/* No beginning of a logical line: empty, a comment, or a lone backslash, as Java has it. */
static bool is_nothing(struct str line)
{
	return line.size == 0 || line.data[0] == '#' || line.data[0] == '!' ||
	       str_equal(line, STR("\\"));
}

/* Puts the next logical line into r->logical.  False at the end of the text. */
static bool next_logical_line(struct properties_reader *r)
{
	struct str line;

	buf_clear(&r->logical);
	do {
		if (r->at == r->text.size)
			return false;
		skip_blanks(r);
		r->place.line = r->line;
		line = take_natural_line(r);
	} while (is_nothing(line));

	while (goes_on(line)) {
		line.size--;
		buf_append_str(&r->logical, line);
		skip_blanks(r);
		line = take_natural_line(r);
	}
	buf_append_str(&r->logical, line);
	return true;
}

static void append_utf8(struct buf *to, uint32_t code)
{
	if (code < 0x80) {
		buf_append_u8(to, (uint8_t)code);
	} else if (code < 0x800) {
		buf_append_u8(to, (uint8_t)(0xc0 | code >> 6));
		buf_append_u8(to, (uint8_t)(0x80 | (code & 0x3f)));
	} else if (code < 0x10000) {
		buf_append_u8(to, (uint8_t)(0xe0 | code >> 12));
		buf_append_u8(to, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
		buf_append_u8(to, (uint8_t)(0x80 | (code & 0x3f)));
	} else {
		buf_append_u8(to, (uint8_t)(0xf0 | code >> 18));
		buf_append_u8(to, (uint8_t)(0x80 | (code >> 12 & 0x3f)));
		buf_append_u8(to, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
		buf_append_u8(to, (uint8_t)(0x80 | (code & 0x3f)));
	}
}

/* Four hexadecimal digits; false if they are not there. */
static bool take_unit(struct cursor *c, uint32_t *unit)
{
	*unit = 0;
	for (int i = 0; i < 4; i++) {
		uint8_t digit = cursor_u8(c);

		if (digit >= '0' && digit <= '9')
			*unit = *unit << 4 | (uint32_t)(digit - '0');
		else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
			*unit = *unit << 4 | (uint32_t)((digit | 0x20) - 'a' + 10);
		else
			return false;
	}
	return true;
}

/* After "\u": one character, of one or two units.  False if it is none. */
static bool take_character(struct cursor *c, struct buf *to)
{
	uint32_t unit;
	uint32_t second;

	if (!take_unit(c, &unit))
		return false;
	if (unit >= 0xd800 && unit < 0xdc00) {
		if (!str_equal(cursor_bytes(c, 2), STR("\\u")) || !take_unit(c, &second) ||
		    second < 0xdc00 || second > 0xdfff)
			return false;
		unit = 0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00);
	} else if (unit >= 0xdc00 && unit <= 0xdfff) {
		return false;
	}
	append_utf8(to, unit);
	return true;
}

/* Undoes the escapes of one part of a logical line. */
static bool unescape(struct str part, struct buf *to)
{
	struct cursor c = cursor_of(part);

	buf_clear(to);
	while (cursor_left(&c) > 0) {
		uint8_t byte = cursor_u8(&c);

		if (byte != '\\') {
			buf_append_u8(to, byte);
			continue;
		}
		if (cursor_left(&c) == 0)
			break; /* a backslash at the end of the file continues nothing */
		byte = cursor_u8(&c);
		switch (byte) {
		case 't': buf_append_u8(to, '\t'); break;
		case 'n': buf_append_u8(to, '\n'); break;
		case 'r': buf_append_u8(to, '\r'); break;
		case 'f': buf_append_u8(to, '\f'); break;
		case 'u':
			if (!take_character(&c, to))
				return false;
			break;
		default: buf_append_u8(to, byte); break;
		}
	}
	return true;
}

static size_t name_length(struct str line)
{
	size_t at = 0;

	while (at < line.size) {
		char c = line.data[at];

		if (c == '=' || c == ':' || is_blank(c))
			break;
		at += c == '\\' && at + 1 < line.size ? 2 : 1;
	}
	return at;
}

static size_t value_start(struct str line, size_t at)
{
	while (at < line.size && is_blank(line.data[at]))
		at++;
	if (at < line.size && (line.data[at] == '=' || line.data[at] == ':')) {
		at++;
		while (at < line.size && is_blank(line.data[at]))
			at++;
	}
	return at;
}

static int read_line(struct properties_reader *r)
{
	struct str line = buf_str(&r->logical);
	size_t name_end = name_length(line);
	size_t start = value_start(line, name_end);

	if (!unescape(str_make(line.data, name_end), &r->name) ||
	    !unescape(str_make(line.data + start, line.size - start), &r->value)) {
		config_report_add(r->report, CONFIG_ERROR, r->place.file, r->place.line,
		                  "\\u must be followed by four hexadecimal digits of a character, "
		                  "as in \\u00e9");
		return 0;
	}
	if (r->name.failed || r->value.failed)
		return -ERR_NO_MEMORY;
	return config_map_set(r->map, &r->place, buf_str(&r->name), buf_str(&r->value),
	                      /* is_final: */ false, r->report);
}

int config_read_properties(struct config_map *map, struct str file, struct str text,
                           struct config_report *report)
{
	struct properties_reader r = {
	        .map = map, .report = report, .place = {.file = file}, .text = text, .line = 1};
	int rc = 0;

	while (rc == 0 && next_logical_line(&r))
		rc = r.logical.failed ? -ERR_NO_MEMORY : read_line(&r);
	if (r.logical.failed)
		rc = -ERR_NO_MEMORY;
	buf_finish(&r.logical);
	buf_finish(&r.name);
	buf_finish(&r.value);
	return rc;
}
