/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfast master: a master that serves until it is told to stop.
 *
 *   starting > serving > stopping
 *
 * It listens from the start: calls are held until the journal is read.  SIGTERM, SIGINT and a
 * terminal that is gone (SIGHUP) stop it:
 * what is in flight is answered, nothing new is taken; a second one, or what hangs, is not waited
 * for.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "main_listen.h"
#include "main_options.h"
#include "main_private.h"
#include "main_replication.h"
#include "master/master.h"
#include "rpc/rpc.h"
#include "service/service.h"

enum {
	STOP_MS_MAX = 10000,
	STOP_LOOK_MS = 5,
	DESCRIPTORS_MIN = 64,
};

struct process {
	struct cli_site site;
	struct main_log *log;
	struct master *master;
	struct service *service;
	struct rpc_server *servers[LISTEN_MAX];
	size_t server_count;
	struct io_timer stop_timer; /* looks whether everything has ended */
	struct io_timer demotion_timer;
	uint64_t stop_by_us; /* io_now_us; 0: not stopping */
	bool is_master_closed;
	int status; /* of the exit */
};

/* ---- stopping ---- */

static bool has_ended(const struct process *process)
{
	return process->is_master_closed &&
	       (process->service == NULL || service_is_idle(process->service));
}

static void look_for_end(struct io_timer *timer)
{
	struct process *process = CONTAINER_OF(timer, struct process, stop_timer);

	if (has_ended(process) || io_now_us(process->site.io) >= process->stop_by_us)
		io_stop(process->site.io);
	else
		io_timer_start(timer, STOP_LOOK_MS * 1000);
}

static void on_master_closed(void *context)
{
	struct process *process = context;

	process->is_master_closed = true;
}

static void begin_stop(struct process *process)
{
	process->stop_by_us = io_now_us(process->site.io) + STOP_MS_MAX * 1000;
	for (size_t i = 0; i < process->server_count; i++)
		rpc_server_stop_listening(process->servers[i]);
	if (process->service != NULL)
		service_stop(process->service);
	master_close(process->master, on_master_closed, process);
	io_timer_start(&process->stop_timer, 0);
}

static void on_signal(void *context, int number)
{
	struct process *process = context;

	if (process->stop_by_us != 0) {
		io_stop(process->site.io);
		return;
	}
	log_event(LOG_NOTE, "signal %d: stopping", number);
	begin_stop(process);
}

/* What could not be ended in time is left to the end of the process: its memory may be in use. */
static void finish(struct process *process)
{
	io_timer_stop(&process->demotion_timer);
	io_timer_stop(&process->stop_timer); /* a second signal does not wait for it */
	if (!has_ended(process)) {
		log_event(LOG_TROUBLE, "not everything has ended; leaving all the same");
		fflush(NULL);
		_Exit(process->status);
	}
	for (size_t i = 0; i < process->server_count; i++)
		rpc_server_destroy(process->servers[i]);
	service_destroy(process->service);
	master_destroy(process->master);
	log_event(LOG_NOTE, "stopped");
	main_log_close(process->log);
	cli_site_finish(&process->site);
}

/* ---- starting ---- */

static void on_failure(void *context, int rc, const char *text)
{
	struct process *process = context;

	(void)text; /* the master has logged it */
	if (process->stop_by_us != 0)
		return;
	process->status = rc == -ERR_DAMAGED ? EXIT_DAMAGE : CLI_FAILURE;
	begin_stop(process);
}

/* A supervisor is to start it anew; not a stop by a signal, which has lost primacy as well. */
static void end_as_demoted(struct io_timer *timer)
{
	struct process *process = CONTAINER_OF(timer, struct process, demotion_timer);

	if (process->stop_by_us != 0)
		return;
	log_event(LOG_NOTE, "primacy was lost: this process ends, as "
	                    "alluxio.master.journal.exit.on.demotion asks for");
	process->status = CLI_FAILURE;
	begin_stop(process);
}

/* Called out of the master, which cannot be closed from in there. */
static void on_role(void *context, enum master_role role)
{
	struct process *process = context;

	if (role == MASTER_STANDBY)
		io_timer_start(&process->demotion_timer, 0);
}

static int start_master(struct process *process, const struct journal_replication *replication)
{
	struct master_options options;
	char *text = NULL;
	int rc;

	master_options_read(&process->site, replication, &options);
	options.context = process;
	options.on_failure = on_failure;
	if (config_bool(process->site.config, CONFIG_KEY_ALLUXIO_MASTER_JOURNAL_EXIT_ON_DEMOTION))
		options.on_role = on_role;
	rc = master_create(&options, &process->master, &text);
	if (rc == 0)
		return CLI_OK;
	cli_fail(&process->site, "%s", text == NULL ? err_text(rc) : text);
	mem_free(text);
	return rc == -ERR_DAMAGED ? EXIT_DAMAGE : CLI_FAILURE;
}

static int start_service(struct process *process)
{
	struct service_options options;
	int rc;

	service_options_read(&process->site, &options);
	options.master = process->master;
	rc = service_create(&options, &process->service);
	return rc == 0 ? CLI_OK : cli_fail(&process->site, "%s", err_text(rc));
}

static int listen_at(struct process *process, const struct listen_address *address)
{
	struct rpc_server_options options;
	int rc;

	rpc_options_read(&process->site, &options);
	options.host = address->host;
	options.port = address->port;
	options.context = process->service;
	options.on_calls = service_on_calls;
	rc = rpc_server_create(&options, &process->servers[process->server_count]);
	if (rc == 0) {
		process->server_count++;
		log_event(LOG_NOTE, "listening at " HOST_PORT_FORMAT, HOST_PORT_ARGS(*address));
		return CLI_OK;
	}
	if (rc == -ERR_IN_USE)
		return cli_fail(&process->site,
		                "port %u of %s is taken by another process; see which: ss -ltnp",
		                address->port, address->host);
	return cli_fail(&process->site, "cannot listen at " HOST_PORT_FORMAT ": %s%s",
	                HOST_PORT_ARGS(*address), err_text(rc),
	                rc == -ERR_NO_HOST || rc == -ERR_NO_ADDRESS
	                        ? "; correct alluxio.master.hostname, or name an address of this "
	                          "machine in alluxio.master.bind.host"
	                        : "");
}

static int start_servers(struct process *process)
{
	struct listen_address addresses[LISTEN_MAX];
	size_t count = listen_addresses(&process->site, addresses);
	int status = CLI_OK;

	for (size_t i = 0; i < count && status == CLI_OK; i++)
		status = listen_at(process, &addresses[i]);
	return status;
}

static void run(struct process *process)
{
	io_timer_init(process->site.io, &process->stop_timer, look_for_end);
	io_timer_init(process->site.io, &process->demotion_timer, end_as_demoted);
	io_on_signal(process->site.io, SIGTERM, on_signal, process);
	io_on_signal(process->site.io, SIGINT, on_signal, process);
	io_on_signal(process->site.io, SIGHUP, on_signal, process);
	process->status = start_service(process);
	if (process->status == CLI_OK)
		process->status = start_servers(process);
	if (process->status != CLI_OK)
		begin_stop(process);
	io_run(process->site.io);
}

/* The master's own options. */
static int parse(const struct cli_site *site, int argc, char **argv, bool *ret_forms_alone)
{
	*ret_forms_alone = false;
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--form") != 0)
			return cli_usage(site, "unexpected argument '%s'", argv[i]);
		*ret_forms_alone = true;
	}
	return CLI_OK;
}

static void warn(const struct config *config, bool is_replicated, bool forms_alone)
{
	if (forms_alone)
		log_event(LOG_TROUBLE,
		          "--form: if nobody knows of a cluster yet, this master forms "
		          "one although others are silent; should one of those "
		          "belong to a cluster, there are two");
	if (config_bool(config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_UNSAFE_FLUSH_ENABLED))
		log_event(LOG_UNSAFE_FLUSH,
		          "alluxio.master.embedded.journal.unsafe.flush.enabled is true: %s",
		          is_replicated
		                  ? "changes are acknowledged before they are synced; what was "
		                    "acknowledged is lost if half of the masters' machines or more "
		                    "go down at about the same time"
		                  : "a master without others syncs all the same");
}

/* CLI_OK: the master is made, and nothing runs yet. */
static int start(struct process *process, int argc, char **argv)
{
	struct replication replication = {0};
	bool forms_alone, is_replicated = cli_has_quorum(process->site.config);
	int status = parse(&process->site, argc, argv, &forms_alone);

	if (status == CLI_OK && io_descriptors_max(process->site.io) < DESCRIPTORS_MIN)
		status =
		        cli_fail(&process->site,
		                 "this process may open %" PRIu64
		                 " files (ulimit -n), and a master needs %d at least, and one more "
		                 "for each connection; raise the limit",
		                 io_descriptors_max(process->site.io), DESCRIPTORS_MIN);
	if (status == CLI_OK)
		status = main_check_served(&process->site);
	if (status == CLI_OK)
		status = replication_read(&process->site, forms_alone, &replication);
	if (status == CLI_OK)
		status = main_log_open(&process->site, &process->log);
	if (status == CLI_OK) {
		warn(process->site.config, is_replicated, is_replicated && forms_alone);
		replication_warn(&replication);
		status = start_master(process, &replication.options);
	}
	replication_finish(&replication);
	return status;
}

int main_master(int argc, char **argv)
{
	struct process process = {0};
	int next;
	int status = cli_site_init(&process.site, "master", argc, argv, &next);

	if (status != CLI_OK)
		return status;
	io_set_process_name(process.site.io, MAIN_MASTER_TITLE);
	status = start(&process, argc - next, argv + next);
	if (status != CLI_OK) {
		main_log_close(process.log);
		cli_site_finish(&process.site);
		return status;
	}
	run(&process);
	finish(&process);
	return process.status;
}
