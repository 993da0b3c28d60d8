/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prototypes of everything that methods.def names.
 */
#ifndef HOLDFAST_SERVICE_HANDLERS_H
#define HOLDFAST_SERVICE_HANDLERS_H

#include "service/methods.h"

#define PROTOCOL(name)
#define FREE(name, start)        method_start_fn start;
#define ADMIN(name, start, what) method_start_fn start;
#define LOOKUP(name)
#define READ(name, start)    method_start_fn start;
#define PRIMARY(name, start) method_start_fn start;
#define WRITE(name, fill, answer)                                                                  \
	method_fill_fn fill;                                                                       \
	method_answer_fn answer;
#define ONCE(name, fill, answer)                                                                   \
	method_fill_fn fill;                                                                       \
	method_answer_fn answer;
#define ABSENT(name, rc, text)
#include "service/methods.def"
#undef PROTOCOL
#undef FREE
#undef ADMIN
#undef LOOKUP
#undef READ
#undef PRIMARY
#undef WRITE
#undef ONCE
#undef ABSENT

#endif
