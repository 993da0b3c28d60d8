/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration that asks for more than a lone master with simple authentication is refused.
 *
 * Started in spite of it, two masters would each keep a history of their own, and a cluster that
 * believes to be protected by Kerberos would not be.
 */
#include "main_private.h"

enum { JOURNAL_TYPE_EMBEDDED = 0, AUTHENTICATION_SIMPLE = 0 };

static const char several[] = "%s asks for several masters, which this version does not run yet. "
                              "To run this one alone all "
                              "the same, with a journal of its own, set holdfast.master.lone=true.";

static int refuse(const struct cli_site *site, enum config_key key)
{
	return cli_fail(site, several, config_name(key));
}

static int check_masters(const struct cli_site *site)
{
	const struct config *config = site->config;

	if (config_enum(config, CONFIG_KEY_ALLUXIO_MASTER_JOURNAL_TYPE) != JOURNAL_TYPE_EMBEDDED)
		return refuse(site, CONFIG_KEY_ALLUXIO_MASTER_JOURNAL_TYPE);
	if (config_count(config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ADDRESSES) > 1)
		return refuse(site, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ADDRESSES);
	if (config_bool(config, CONFIG_KEY_ALLUXIO_ZOOKEEPER_ENABLED))
		return refuse(site, CONFIG_KEY_ALLUXIO_ZOOKEEPER_ENABLED);
	if (config_has(config, CONFIG_KEY_DFS_NAMENODE_SHARED_EDITS_DIR))
		return refuse(site, CONFIG_KEY_DFS_NAMENODE_SHARED_EDITS_DIR);
	if (config_bool(config, CONFIG_KEY_DFS_HA_AUTOMATIC_FAILOVER_ENABLED))
		return refuse(site, CONFIG_KEY_DFS_HA_AUTOMATIC_FAILOVER_ENABLED);
	return CLI_OK;
}

int main_check_lone(const struct cli_site *site)
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
