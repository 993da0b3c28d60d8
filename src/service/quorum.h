/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the services say of the masters' quorum.
 */
#ifndef HOLDFAST_SERVICE_QUORUM_H
#define HOLDFAST_SERVICE_QUORUM_H

#include <stdbool.h>

#include "journal/journal.h"

/* A majority of the voters is left when one more of those that are heard fails, as far as this
 * master knows. */
bool quorum_survives_a_failure(const struct journal_quorum *quorum);

#endif
