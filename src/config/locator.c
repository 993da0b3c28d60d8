/* SPDX-License-Identifier: Apache-2.0 */
#include "config/locator.h"

#include <ctype.h>
#include <strings.h>

#include "config/units.h"

static const char *parse_port(struct str text, uint16_t *ret)
{
	uint32_t port = 0;

	if (text.size == 0 || text.size > 5)
		return "has no port between 1 and 65535";
	for (size_t i = 0; i < text.size; i++) {
		if (!isdigit((unsigned char)text.data[i]))
			return "has no port between 1 and 65535";
		port = port * 10 + (uint32_t)(text.data[i] - '0');
	}
	if (port == 0 || port > UINT16_MAX)
		return "has no port between 1 and 65535";
	*ret = (uint16_t)port;
	return NULL;
}

static bool is_host(struct str host)
{
	for (size_t i = 0; i < host.size; i++) {
		unsigned char c = (unsigned char)host.data[i];

		if (!isalnum(c) && (c == '\0' || strchr(".-_:%", c) == NULL))
			return false;
	}
	return host.size > 0;
}

/* Splits host and what follows it; false: an open bracket. */
static bool split_host(struct str text, struct str *host, struct str *rest)
{
	bool has_brackets = text.size > 0 && text.data[0] == '[';
	size_t start = has_brackets ? 1 : 0;
	size_t end = start;

	while (end < text.size && text.data[end] != (has_brackets ? ']' : ':'))
		end++;
	if (has_brackets && end == text.size)
		return false;
	*host = str_make(text.data + start, end - start);
	end += start;
	*rest = str_make(text.data + end, text.size - end);
	return true;
}

const char *config_parse_address(struct str text, uint16_t default_port,
                                 struct config_address *ret_address)
{
	struct config_address address = {.port = default_port};
	struct str rest;
	const char *why = NULL;

	if (!split_host(text, &address.host, &rest))
		return "has no closing bracket";
	if (!is_host(address.host))
		return "has no host name";
	if (rest.size > 0 && rest.data[0] != ':')
		return "has something else than a port behind the host";
	if (rest.size > 1 && memchr(rest.data + 1, ':', rest.size - 1) != NULL)
		return "must have its IPv6 address in brackets";
	if (rest.size > 0)
		why = parse_port(str_make(rest.data + 1, rest.size - 1), &address.port);
	else if (default_port == 0)
		why = "has no port between 1 and 65535";
	if (why == NULL)
		*ret_address = address;
	return why;
}

static bool is_scheme_byte(char c)
{
	return isalnum((unsigned char)c) || c == '+' || c == '.' || c == '-';
}

/* Length of "scheme:", 0 if there is none. */
static size_t scheme_length(struct str text)
{
	size_t at = 0;

	while (at < text.size && is_scheme_byte(text.data[at]))
		at++;
	return at > 0 && at < text.size && text.data[at] == ':' ? at + 1 : 0;
}

const char *config_parse_path(struct str text, struct str *ret_path)
{
	size_t scheme = scheme_length(text);

	if (scheme > 0 && (scheme != 5 || strncasecmp(text.data, "file:", 5) != 0))
		return "is not on this machine";
	text = str_make(text.data + scheme, text.size - scheme);
	if (scheme > 0 && str_starts_with(text, STR("//"))) {
		text = str_make(text.data + 2, text.size - 2);
		if (str_starts_with(text, STR("localhost/")))
			text = str_make(text.data + 9, text.size - 9);
	}
	if (text.size == 0 || text.data[0] != '/')
		return "is not an absolute path";
	while (text.size > 1 && text.data[text.size - 1] == '/')
		text.size--;
	*ret_path = text;
	return NULL;
}

const char *config_check_uri(struct str text)
{
	size_t scheme = scheme_length(text);

	if (text.data[0] == '/' || (scheme > 0 && scheme < text.size))
		return NULL;
	return "is neither an absolute path nor a URI";
}

bool config_next_item(struct str *list, struct str *ret_item)
{
	while (list->size > 0) {
		const char *comma = memchr(list->data, ',', list->size);
		size_t size = comma == NULL ? list->size : (size_t)(comma - list->data);
		struct str item = config_trim(str_make(list->data, size));

		size += comma != NULL;
		*list = str_make(list->data + size, list->size - size);
		if (item.size > 0) {
			*ret_item = item;
			return true;
		}
	}
	return false;
}
