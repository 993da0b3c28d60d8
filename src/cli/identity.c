/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/identity.h"

#include <inttypes.h>
#include <stdio.h>

#include "format/command.h"

enum { ROOT_MODE = 0755 };

static void format_uuid(const uint8_t *b, char *to, size_t size)
{
	snprintf(to, size,
	         "CID-%02x%02x%02x%02x-%02x%02x-4%01x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
	         b[1], b[2], b[3], b[4], b[5], b[6] & 0xf, b[7], (b[8] & 0x3f) | 0x80, b[9], b[10],
	         b[11], b[12], b[13], b[14], b[15]);
}

/* The address in a block pool's id is decoration: what makes it unique is the rest. */
void identity_draw(const struct cli_site *site, const char *cluster_id, struct identity *identity)
{
	const char *host = config_c_str(site->config, CONFIG_KEY_ALLUXIO_MASTER_HOSTNAME);
	uint8_t uuid[16];
	uint32_t numbers[2];

	io_random(site->io, uuid, sizeof(uuid));
	io_random(site->io, numbers, sizeof(numbers));
	format_uuid(uuid, identity->cluster_id, sizeof(identity->cluster_id));
	identity->namespace_id = (numbers[0] & INT32_MAX) | 1;
	identity->ctime_ms = io_wall_ms(site->io);
	snprintf(identity->block_pool_id, sizeof(identity->block_pool_id),
	         "BP-%" PRIu32 "-%.64s-%" PRIu64, numbers[1] & INT32_MAX,
	         host == NULL ? "127.0.0.1" : host, identity->ctime_ms);
	if (cluster_id != NULL)
		snprintf(identity->cluster_id, sizeof(identity->cluster_id), "%s", cluster_id);
}

void identity_encode(const struct cli_site *site, const struct identity *identity, struct buf *to)
{
	struct command command = {
	        .kind = ENTRY_cluster,
	        .wall_ms = identity->ctime_ms,
	        .user = str_of(io_user_name(site->io)),
	        .cluster =
	                {
	                        .cluster_id = str_of(identity->cluster_id),
	                        .namespace_id = identity->namespace_id,
	                        .block_pool_id = str_of(identity->block_pool_id),
	                        .ctime_ms = identity->ctime_ms,
	                        .owner = str_of(io_user_name(site->io)),
	                        .group = config_str(site->config,
	                                            CONFIG_KEY_DFS_PERMISSIONS_SUPERUSERGROUP),
	                        .mode = ROOT_MODE,
	                },
	};

	command_encode(&command, to);
}
