/* SPDX-License-Identifier: Apache-2.0 */
/* Where clients, workers and commands find the masters. */
#include "unit/config/world.h"

#include "cli/connect.h"

enum { MASTERS_BYTES = 512 };

enum whose { A_CLIENTS, ALL }; /* cli_addresses_find(), cli_masters_find() */

/* With these properties the masters are found at `expected`, "host:port host:port". */
static void expect(enum whose whose, const char *const *properties, const char *uri,
                   const char *expected)
{
	struct world world = {0};
	struct cli_addresses found;
	struct cli_site site;
	char text[MASTERS_BYTES] = "";
	size_t at = 0;

	for (; *properties != NULL; properties++)
		world_add_override(&world, *properties);
	world_must_load(&world);
	site = (struct cli_site){.command = "test", .config = world.config};
	assert_int_equal(whose == ALL ? cli_masters_find(&site, &found)
	                              : cli_addresses_find(&site, str_of(uri), &found),
	                 CLI_OK);
	for (size_t i = 0; i < found.count; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s:%u", i == 0 ? "" : " ",
		                       found.items[i].host, (unsigned)found.items[i].port);
	assert_string_equal(text, expected);
	cli_addresses_finish(&found);
	world_finish(&world);
}

#define PROPERTIES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void alluxios_list_of_addresses_is_taken_as_it_is(void **state)
{
	(void)state;
	expect(A_CLIENTS, PROPERTIES("alluxio.master.rpc.addresses=m1:1,[::1]:2,m3"), "",
	       "m1:1 ::1:2 m3:19998");
}

static void without_it_the_journals_hosts_count_with_the_rpc_port(void **state)
{
	(void)state;
	expect(A_CLIENTS,
	       PROPERTIES("alluxio.master.embedded.journal.addresses=m1:19200,m2:19200,m3:19200",
	                  "alluxio.master.rpc.port=7"),
	       "", "m1:7 m2:7 m3:7");
}

static void the_same_address_is_not_asked_twice(void **state)
{
	(void)state;
	expect(A_CLIENTS, PROPERTIES("alluxio.master.embedded.journal.addresses=m:19200,m:19201"),
	       "", "m:19998");
}

static void a_nameservice_stands_for_its_masters(void **state)
{
	const char *const *properties = PROPERTIES(
	        "fs.defaultFS=hdfs://ns", "dfs.nameservices=ns", "dfs.ha.namenodes.ns=a,b",
	        "dfs.namenode.rpc-address.ns.a=m1:8020", "dfs.namenode.rpc-address.ns.b=m2:8021");

	(void)state;
	expect(A_CLIENTS, properties, "", "m1:8020 m2:8021");
	expect(ALL, properties, "", "m1:8020 m2:8021");
	expect(A_CLIENTS, properties, "hdfs://other:9/path", "other:9");
}

static void several_masters_may_stand_in_alluxios_uri(void **state)
{
	(void)state;
	expect(A_CLIENTS, PROPERTIES("fs.defaultFS=hdfs://elsewhere"), "alluxio://m1:1,m2:2/path",
	       "m1:1 m2:2");
}

static void a_name_of_alluxios_stands_for_its_masters(void **state)
{
	(void)state;
	expect(A_CLIENTS,
	       PROPERTIES("alluxio.master.nameservices.c=a,b",
	                  "alluxio.master.rpc.address.c.a=m1:1",
	                  "alluxio.master.rpc.address.c.b=m2:2",
	                  "alluxio.master.rpc.addresses=elsewhere:1"),
	       "alluxio://ebj@c/path", "m1:1 m2:2");
}

/* A worker that reported only to the one of fs.defaultFS would leave the others without locations.
 */
static void workers_go_by_the_list_even_if_clients_have_one_address(void **state)
{
	const char *const *properties = PROPERTIES("fs.defaultFS=hdfs://m2:19998",
	                                           "alluxio.master.rpc.addresses=m1:1,m2:2,m3:3");

	(void)state;
	expect(A_CLIENTS, properties, "", "m2:19998");
	expect(ALL, properties, "", "m1:1 m2:2 m3:3");
}

static void addresses_are_read_with_and_without_port(void **state)
{
	struct str host;
	uint16_t port;

	(void)state;
	assert_true(cli_address_read(STR("[fe80::1]:65535"), 0, &host, &port));
	assert_true(str_equal(host, STR("fe80::1")));
	assert_int_equal(port, 65535);
	assert_true(cli_address_read(STR("m"), 5, &host, &port));
	assert_int_equal(port, 5);
	assert_false(cli_address_read(STR("m"), 0, &host, &port));
	assert_false(cli_address_read(STR("m:"), 0, &host, &port));
	assert_false(cli_address_read(STR("m:65536"), 0, &host, &port));
	assert_false(cli_address_read(STR("m:0"), 0, &host, &port));
	assert_false(cli_address_read(STR(":1"), 0, &host, &port));
	assert_false(cli_address_read(STR(""), 0, &host, &port));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(alluxios_list_of_addresses_is_taken_as_it_is),
	        cmocka_unit_test(without_it_the_journals_hosts_count_with_the_rpc_port),
	        cmocka_unit_test(the_same_address_is_not_asked_twice),
	        cmocka_unit_test(a_nameservice_stands_for_its_masters),
	        cmocka_unit_test(several_masters_may_stand_in_alluxios_uri),
	        cmocka_unit_test(a_name_of_alluxios_stands_for_its_masters),
	        cmocka_unit_test(workers_go_by_the_list_even_if_clients_have_one_address),
	        cmocka_unit_test(addresses_are_read_with_and_without_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
