/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration that asks for what this version does not have is refused.
 *
 * Started in spite of it, two masters would each keep a history of their own, and a cluster that
 * believes to be protected by Kerberos would not be.
 */
#include "main_private.h"
#include "main_replication.h"

enum { JOURNAL_TYPE_EMBEDDED = 0, AUTHENTICATION_SIMPLE = 0 };

static int refuse(const struct cli_site *site, enum config_key key, const char *what)
{
	return cli_fail(site,
	                "%s asks for %s, which this version does not have yet. Several masters "
	                "share their journal by alluxio.master.embedded.journal.addresses. To run "
	                "this one alone all the same, with a journal of its own, set "
	                "holdfast.master.lone=true.",
	                config_name(key), what);
}

/* Several masters are named, and nothing says how they share a journal. */
static bool is_unshared(const struct config *config)
{
	struct str ids = config_str(config, CONFIG_KEY_DFS_HA_NAMENODES), one;
	size_t count = 0;

	while (config_next_item(&ids, &one))
		count++;
	return count > 1 && !cli_has_quorum(config);
}

static int check_masters(const struct cli_site *site)
{
	const struct config *config = site->config;

	if (config_enum(config, CONFIG_KEY_ALLUXIO_MASTER_JOURNAL_TYPE) != JOURNAL_TYPE_EMBEDDED)
		return refuse(site, CONFIG_KEY_ALLUXIO_MASTER_JOURNAL_TYPE,
		              "another journal than the embedded one");
	if (config_bool(config, CONFIG_KEY_ALLUXIO_ZOOKEEPER_ENABLED))
		return refuse(site, CONFIG_KEY_ALLUXIO_ZOOKEEPER_ENABLED,
		              "an election through ZooKeeper");
	if (config_has(config, CONFIG_KEY_DFS_NAMENODE_SHARED_EDITS_DIR))
		return refuse(site, CONFIG_KEY_DFS_NAMENODE_SHARED_EDITS_DIR,
		              "a journal in a shared folder");
	if (config_bool(config, CONFIG_KEY_DFS_HA_AUTOMATIC_FAILOVER_ENABLED))
		return refuse(site, CONFIG_KEY_DFS_HA_AUTOMATIC_FAILOVER_ENABLED,
		              "failover controllers");
	if (is_unshared(config))
		return refuse(site, CONFIG_KEY_DFS_HA_NAMENODES,
		              "several masters without an embedded journal");
	return CLI_OK;
}

int main_check_served(const struct cli_site *site)
{
	const struct config *config = site->config;

	if (config_enum(config, CONFIG_KEY_HADOOP_SECURITY_AUTHENTICATION) != AUTHENTICATION_SIMPLE)
		return cli_fail(site,
		                "hadoop.security.authentication: only simple is supported; this "
		                "master would believe every name it is told");
	if (config_bool(config, CONFIG_KEY_HOLDFAST_MASTER_LONE))
		return CLI_OK;
	return check_masters(site);
}
