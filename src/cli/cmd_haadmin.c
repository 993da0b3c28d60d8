/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hdfs haadmin: states and health of the masters of a nameservice, by HAServiceProtocol.
 *
 * Outputs, error texts and exit codes are those of Hadoop 3.4's tool: 0, or 255 (-1).
 */
#include <stdarg.h>
#include <string.h>

#include "base/err.h"
#include "cli/absent.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "proto/ha.pb-c.h"
#include "wire/pb.h"
#include "wire/protocols.h"

enum { HAADMIN_EXIT_FAILED = 255, ARENA_BYTES_MAX = 1 << 20 };

#define UNHEALTHY "org.apache.hadoop.ha.HealthCheckFailedException"

struct haadmin {
	struct cli_site site;
	struct str nameservice; /* empty: none is configured, or it is not known which */
};

static const struct command {
	const char *name; /* with its dash */
	const char *arguments;
	const char *help;
	int (*run)(struct haadmin *tool, const char *id);
} commands[];

/* ---- texts ---- */

static int fail(const char *format, ...) PRINTF_LIKE(1, 2);
static int fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return HAADMIN_EXIT_FAILED;
}

static void print_usage(FILE *out)
{
	fprintf(out, "Usage: haadmin [-ns <nameserviceId>]\n");
	for (const struct command *command = commands; command->name != NULL; command++)
		fprintf(out, "    [%s%s%s]\n", command->name,
		        command->arguments[0] == '\0' ? "" : " ", command->arguments);
	fputc('\n', out);
	cli_print_generic_options(out);
	fputc('\n', out);
}

static int usage_of(const struct command *command)
{
	return fail("Usage: haadmin [-ns <nameserviceId>] [%s%s%s]", command->name,
	            command->arguments[0] == '\0' ? "" : " ", command->arguments);
}

static int with_usage(int status)
{
	print_usage(stderr);
	return status;
}

/* ---- calls ---- */

/* The only address of a master; false: it has none. */
static bool find_master(const struct haadmin *tool, struct str id, struct cli_addresses *ret_master)
{
	const struct config *config = tool->site.config;
	struct config_address address;

	if (!config_scoped_address(config, CONFIG_KEY_DFS_NAMENODE_RPC_ADDRESS, tool->nameservice,
	                           id, &address))
		return false;
	cli_addresses_of(address.host, address.port, ret_master);
	return true;
}

static bool is_id(const struct haadmin *tool, struct str id)
{
	struct str ids = config_scoped_str(tool->site.config, CONFIG_KEY_DFS_HA_NAMENODES,
	                                   tool->nameservice, (struct str){0});
	struct str one;

	while (config_next_item(&ids, &one)) {
		if (str_equal(one, id))
			return true;
	}
	return false;
}

/* What a master said, or why it did not; texts are in the arena. */
struct answer {
	struct arena arena;
	int rc;
	struct str response;
	struct str java_class;
	struct str text;
};

static void ask(const struct haadmin *tool, const struct cli_addresses *master, const char *method,
                struct answer *answer)
{
	unsigned timeout_ms = (unsigned)config_duration_ms(
	        tool->site.config, CONFIG_KEY_HA_FAILOVER_CONTROLLER_CLI_CHECK_RPC_TIMEOUT_MS);
	struct cli_patience patience = {.connect_ms = cli_patient.connect_ms,
	                                .call_ms = timeout_ms,
	                                .whole_ms = timeout_ms};
	struct client *client;

	*answer = (struct answer){.arena.limit = ARENA_BYTES_MAX, .rc = -ERR_NO_MEMORY};
	if (cli_connect(&tool->site, master, &patience, &client) != CLI_OK)
		return;
	answer->rc = client_call(client, WIRE_HA_PROTOCOL, method, (struct str){0}, &answer->arena,
	                         &answer->response);
	if (answer->rc < 0) {
		const struct client_failure *failure = client_failure(client);

		answer->java_class =
		        cli_text(&answer->arena, "%.*s", STR_ARGS(failure->java_class));
		answer->text = cli_text(&answer->arena, "%.*s", STR_ARGS(failure->text));
	}
	client_destroy(client);
}

static const char *state_name(Ha__ServiceState state)
{
	switch (state) {
	case HA__SERVICE_STATE__ACTIVE: return "active";
	case HA__SERVICE_STATE__STANDBY: return "standby";
	case HA__SERVICE_STATE__OBSERVER: return "observer";
	default: return "initializing";
	}
}

/* NULL: answer->text says why. */
static const char *ask_state(const struct haadmin *tool, const struct cli_addresses *master,
                             struct answer *answer)
{
	Ha__GetServiceStatusResponse *status;

	ask(tool, master, "getServiceStatus", answer);
	if (answer->rc < 0)
		return NULL;
	answer->text = STR("the answer cannot be read");
	return pb_unpack(&ha__get_service_status_response__descriptor, answer->response,
	                 &answer->arena, &status) == 0
	               ? state_name(status->state)
	               : NULL;
}

/* ---- commands ---- */

static int unknown_master(const struct haadmin *tool, const char *id)
{
	if (tool->nameservice.size == 0)
		return fail("Illegal argument: Unable to determine the name service ID.");
	return fail("Illegal argument: Unable to determine service address for namenode '%s'", id);
}

static int get_service_state(struct haadmin *tool, const char *id)
{
	struct cli_addresses master;
	struct answer answer;
	const char *state;

	if (!is_id(tool, str_of(id)) || !find_master(tool, str_of(id), &master))
		return unknown_master(tool, id);
	state = ask_state(tool, &master, &answer);
	if (state != NULL)
		printf("%s\n", state);
	else
		fail("Operation failed: %.*s", STR_ARGS(answer.text));
	arena_finish(&answer.arena);
	cli_addresses_finish(&master);
	return state != NULL ? 0 : HAADMIN_EXIT_FAILED;
}

static void print_state_row(const struct haadmin *tool, struct str id)
{
	struct cli_addresses master;
	struct answer answer;
	struct str address;
	const char *state;

	if (!find_master(tool, id, &master))
		return;
	state = ask_state(tool, &master, &answer);
	address = cli_text(&answer.arena, HOST_PORT_FORMAT, HOST_PORT_ARGS(master.items[0]));
	if (state != NULL)
		printf("%-50s %-10s\n", address.data, state);
	else
		printf("%-50s Failed to connect: %.*s\n", address.data, STR_ARGS(answer.text));
	arena_finish(&answer.arena);
	cli_addresses_finish(&master);
}

static int get_all_service_states(struct haadmin *tool, const char *id)
{
	struct str ids = config_scoped_str(tool->site.config, CONFIG_KEY_DFS_HA_NAMENODES,
	                                   tool->nameservice, (struct str){0});
	struct str one;

	(void)id;
	if (tool->nameservice.size == 0 || ids.size == 0)
		return fail("Failed to get service IDs");
	while (config_next_item(&ids, &one))
		print_state_row(tool, one);
	return 0;
}

static int check_health(struct haadmin *tool, const char *id)
{
	struct cli_addresses master;
	struct answer answer;

	if (!is_id(tool, str_of(id)) || !find_master(tool, str_of(id), &master))
		return unknown_master(tool, id);
	ask(tool, &master, "monitorHealth", &answer);
	if (answer.rc < 0)
		fail("%s: %.*s",
		     str_equal(answer.java_class, STR(UNHEALTHY)) ? "Health check failed"
		                                                  : "Operation failed",
		     STR_ARGS(answer.text));
	arena_finish(&answer.arena);
	cli_addresses_finish(&master);
	return answer.rc == 0 ? 0 : HAADMIN_EXIT_FAILED;
}

static const struct command *find_command(const char *word)
{
	for (const struct command *command = commands; command->name != NULL; command++) {
		if (strcmp(command->name + 1, word + (*word == '-')) == 0)
			return command;
	}
	return NULL;
}

static int help(struct haadmin *tool, const char *word)
{
	const struct command *command = find_command(word);

	(void)tool;
	if (command == NULL) {
		fail("-%s: Unknown command", word + (*word == '-'));
		return with_usage(HAADMIN_EXIT_FAILED);
	}
	if (command->arguments[0] == '\0')
		printf("%s: %s\n", command->name, command->help);
	else
		printf("%s [%s]: %s\n", command->name, command->arguments, command->help);
	return 0;
}

static const struct command commands[] = {
        {"-checkHealth", "<serviceId>",
         "Asks the master whether it is healthy; the exit status says so.", check_health},
        {"-getAllServiceState", "", "Shows the states of all masters.", get_all_service_states},
        {"-getServiceState", "<serviceId>", "Shows the state of a master.", get_service_state},
        {"-help", "<command>", "Explains a command.", help},
        {0},
};

/* ---- the command line ---- */

static void find_nameservice(struct haadmin *tool)
{
	const struct config *config = tool->site.config;

	tool->nameservice = config_str(config, CONFIG_KEY_DFS_NAMESERVICE_ID);
	if (tool->nameservice.size == 0 && config_count(config, CONFIG_KEY_DFS_NAMESERVICES) == 1)
		tool->nameservice = config_item(config, CONFIG_KEY_DFS_NAMESERVICES, 0);
}

static int run_command(struct haadmin *tool, int argc, char **argv)
{
	const struct command *command = argv[0][0] == '-' ? find_command(argv[0]) : NULL;
	const char *instead = cli_absent("haadmin", argv[0]);

	if (argv[0][0] != '-') {
		fail("Bad command '%s': expected command starting with '-'", argv[0]);
		return with_usage(HAADMIN_EXIT_FAILED);
	}
	if (instead != NULL)
		return fail("%s: %s", argv[0] + 1, instead);
	if (command == NULL) {
		fail("%s: Unknown command", argv[0] + 1);
		return with_usage(HAADMIN_EXIT_FAILED);
	}
	if (command->run == help && argc == 1) {
		print_usage(stdout);
		return 0;
	}
	if (command->arguments[0] != '\0' && argc != 2) {
		if (command->run != help)
			fail("%s: incorrect number of arguments", argv[0] + 1);
		return usage_of(command);
	}
	return command->run(tool, argc > 1 ? argv[1] : NULL);
}

static int run(struct haadmin *tool, int argc, char **argv)
{
	bool has_nameservice = argc > 0 && strcmp(argv[0], "-ns") == 0;

	if (has_nameservice && argc < 3) {
		fail(argc == 1 ? "Missing nameservice ID" : "Missing command");
		return with_usage(HAADMIN_EXIT_FAILED);
	}
	if (argc == 0)
		return with_usage(HAADMIN_EXIT_FAILED);
	if (!has_nameservice)
		return run_command(tool, argc, argv);
	tool->nameservice = str_of(argv[1]);
	return run_command(tool, argc - 2, argv + 2);
}

int cmd_haadmin(int argc, char **argv)
{
	struct haadmin tool = {0};
	int next, status = cli_client_init(&tool.site, "haadmin", argc, argv, &next);

	if (status != CLI_OK)
		return HAADMIN_EXIT_FAILED;
	find_nameservice(&tool);
	status = run(&tool, argc - next, argv + next);
	cli_site_finish(&tool.site);
	return status;
}
