/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/lease.h"

#include "base/check.h"

void leases_init(struct leases *leases)
{
	pool_init(&leases->files, sizeof(struct open_file), POOL_ROWS_MAX);
	id_map_init(&leases->of_inodes);
	id_map_init(&leases->of_holders);
}

void leases_finish(struct leases *leases)
{
	pool_finish(&leases->files);
	id_map_finish(&leases->of_inodes);
	id_map_finish(&leases->of_holders);
}

uint64_t leases_bytes(const struct leases *leases)
{
	return pool_bytes(&leases->files) + leases->of_inodes.bytes + leases->of_holders.bytes;
}

uint64_t leases_count(const struct leases *leases, uint32_t holder)
{
	uint64_t count;

	return id_map_get(&leases->of_holders, holder, &count) ? count : 0;
}

void leases_add(struct leases *leases, const struct open_file *file)
{
	uint32_t row = pool_take(&leases->files);

	*(struct open_file *)pool_at(&leases->files, row) = *file;
	id_map_set(&leases->of_inodes, file->inode, row);
	id_map_set(&leases->of_holders, file->holder, leases_count(leases, file->holder) + 1);
}

void leases_remove(struct leases *leases, uint64_t inode)
{
	const struct open_file *file;
	uint64_t count;
	uint64_t row;

	CHECK(id_map_get(&leases->of_inodes, inode, &row));
	file = pool_at(&leases->files, (uint32_t)row);
	count = leases_count(leases, file->holder) - 1;
	if (count == 0)
		id_map_remove(&leases->of_holders, file->holder);
	else
		id_map_set(&leases->of_holders, file->holder, count);
	id_map_remove(&leases->of_inodes, inode);
	pool_free(&leases->files, (uint32_t)row);
}
