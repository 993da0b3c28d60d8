/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and texts of the broken twins, for tests. */
#ifndef HOLDFAST_RAFT_TWINS_H
#define HOLDFAST_RAFT_TWINS_H

enum raft_twin {
	RAFT_TWIN_NONE,
#define TWIN(name, text) RAFT_TWIN_##name,
#include "raft/twins.def"
#undef TWIN
	RAFT_TWINS_END
};

#endif
