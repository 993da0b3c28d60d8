/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfast format: an empty journal with the identity of a new cluster.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "cli/commands.h"
#include "cli/site.h"
#include "format/command.h"
#include "journal/journal.h"

enum { ROOT_MODE = 0755, IDENTITY_BYTES = 128 };

struct identity {
	char cluster_id[IDENTITY_BYTES];    /* CID-<uuid> */
	char block_pool_id[IDENTITY_BYTES]; /* BP-<random>-<address>-<milliseconds> */
	uint32_t namespace_id;
	uint64_t ctime_ms;
};

static void format_uuid(const uint8_t *b, char *to, size_t size)
{
	snprintf(to, size,
	         "CID-%02x%02x%02x%02x-%02x%02x-4%01x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
	         b[1], b[2], b[3], b[4], b[5], b[6] & 0xf, b[7], (b[8] & 0x3f) | 0x80, b[9], b[10],
	         b[11], b[12], b[13], b[14], b[15]);
}

/* The address in a block pool's id is decoration: what makes it unique is the rest. */
static void draw_identity(const struct cli_site *site, struct identity *identity)
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
}

/* Entry 1. */
static void encode_identity(const struct cli_site *site, const struct identity *identity,
                            struct buf *to)
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

/* Makes the folders above `path`; what is wrong with them shows when the journal is made. */
static void make_parents(struct io *io, const char *path)
{
	char *parent = mem_must_strdup(str_of(path));

	for (char *slash = parent + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		(void)io_mkdir(io, parent);
		*slash = '/';
	}
	mem_free(parent);
}

static int format(const struct cli_site *site)
{
	const char *folder = cli_master_folder(site->config);
	struct identity identity;
	struct journal_format_options options = {.io = site->io, .folder = folder};
	struct buf payload;
	char *text = NULL;
	int rc;

	draw_identity(site, &identity);
	buf_init(&payload);
	encode_identity(site, &identity, &payload);
	options.cluster_id = str_of(identity.cluster_id);
	options.kind = ENTRY_cluster;
	options.payload = buf_str(&payload);
	make_parents(site->io, folder);
	rc = payload.failed ? -ERR_NO_MEMORY : journal_format(&options, &text);
	buf_finish(&payload);
	if (rc < 0)
		cli_fail(site, "%s", text == NULL ? err_text(rc) : text);
	else
		printf("%s\n", text == NULL ? "formatted" : text);
	mem_free(text);
	return rc < 0 ? CLI_FAILURE : CLI_OK;
}

int cmd_format(int argc, char **argv)
{
	struct cli_site site;
	int next;
	int status = cli_site_init(&site, "format", argc, argv, &next);

	if (status != CLI_OK)
		return status;
	if (next < argc) {
		status = cli_usage(&site, "unexpected argument '%s'", argv[next]);
	} else {
		status = format(&site);
	}
	cli_site_finish(&site);
	return status;
}
