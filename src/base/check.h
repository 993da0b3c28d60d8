/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assertions, and object magic.
 *
 * CHECK() states what must be true if our own code is right.  It is compiled into every build; when
 * it fails the process stops and a standby takes over.  Never use it on bytes from outside: those
 * get an error code.  fatal_damage() is for the third kind of error, a truth that is damaged
 * (a failed sync, a checksum in the middle of the journal, memory gone in apply).
 */
#ifndef HOLDFAST_BASE_CHECK_H
#define HOLDFAST_BASE_CHECK_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define CHECK(condition)                                                                           \
	((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__, __func__))

/* Long-lived structs begin with `uint32_t magic`. */
#define OBJ_CHECK(object, value) CHECK((object) != NULL && (object)->magic == (value))

/* Moves ownership: checks *from, hands it to `to`, clears *from. */
#define OBJ_TAKE(to, from, value)                                                                  \
	do {                                                                                       \
		(to) = *(from);                                                                    \
		OBJ_CHECK(to, value);                                                              \
		*(from) = NULL;                                                                    \
	} while (0)

#define BIT(n)                             (1u << (n))
#define COUNT_OF(array)                    (sizeof(array) / sizeof((array)[0]))
#define CONTAINER_OF(pointer, type, field) ((type *)((char *)(pointer)-offsetof(type, field)))
#define CLEANUP(function)                  __attribute__((cleanup(function)))
#define PRINTF_LIKE(text, first)           __attribute__((format(printf, text, first)))
#define MUST_USE                           __attribute__((warn_unused_result))

_Noreturn void check_failed(const char *condition, const char *file, int line,
                            const char *function);

/* Logs and stops the process.  `format` says what is damaged, where, and what to do next. */
_Noreturn void fatal_damage(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
