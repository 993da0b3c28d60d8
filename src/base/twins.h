/* SPDX-License-Identifier: Apache-2.0 */
/* The broken twin that runs: none, except in tests built for it. */
#ifndef HOLDFAST_BASE_TWINS_H
#define HOLDFAST_BASE_TWINS_H

#ifdef HOLDFAST_TWINS
enum twin {
	TWIN_NONE,
#define TWIN(name, text) TWIN_##name,
#include "base/twins.def"
#undef TWIN
	TWINS_END
};
extern enum twin twin_running; /* the test's */
#define IS_BROKEN(name) (twin_running == TWIN_##name)
#else
#define IS_BROKEN(name) false
#endif

#endif
