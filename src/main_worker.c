/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfast worker: a worker that serves until it is told to stop (SIGTERM, SIGINT, SIGHUP).
 */
#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/connect.h"
#include "main_private.h"
#include "worker/worker.h"

enum { DISK_THREADS = 4, TRANSFERS_MAX = 4096 };

struct process {
	struct io *io;
	bool is_lost; /* no master answers */
};

static void on_signal(void *context, int number)
{
	struct process *process = context;

	(void)number;
	io_stop(process->io);
}

static void on_lost(void *context)
{
	struct process *process = context;

	log_event(LOG_FAILURE, "no master has answered a heartbeat for the time that "
	                       "alluxio.worker.block.heartbeat.timeout allows: the worker ends");
	process->is_lost = true;
	io_stop(process->io);
}

/* ---- options ---- */

static const char *folder_of(struct cli_site *site)
{
	const struct config *config = site->config;

	if (config_has(config, CONFIG_KEY_HOLDFAST_WORKER_DIR))
		return config_c_str(config, CONFIG_KEY_HOLDFAST_WORKER_DIR);
	if (config_count(config, CONFIG_KEY_DFS_DATANODE_DATA_DIR) > 0)
		return config_item(config, CONFIG_KEY_DFS_DATANODE_DATA_DIR, 0).data;
	return cli_text(&site->texts, "%s/blocks",
	                config_c_str(config, CONFIG_KEY_ALLUXIO_WORK_DIR))
	        .data;
}

static const char *host_of(struct config_address address)
{
	return address.host.size == 0 ? NULL : mem_must_strdup(address.host);
}

/* The addresses that clients use are those of the masters: cli/connect.c finds them. */
static void read_options(struct cli_site *site, struct worker_options *ret_options)
{
	const struct config *config = site->config;
	struct config_address transfer = config_address(config, CONFIG_KEY_DFS_DATANODE_ADDRESS);
	struct config_address ipc = config_address(config, CONFIG_KEY_DFS_DATANODE_IPC_ADDRESS);
	struct config_address info = config_address(config, CONFIG_KEY_DFS_DATANODE_HTTP_ADDRESS);

	*ret_options = (struct worker_options){
	        .io = site->io,
	        .folder = folder_of(site),
	        .transfer_host = host_of(transfer),
	        .transfer_port = transfer.port,
	        .ipc_host = host_of(ipc),
	        .ipc_port = ipc.port,
	        .info_port = info.port,
	        .heartbeat_ms = config_duration_ms(config, CONFIG_KEY_DFS_HEARTBEAT_INTERVAL),
	        .report_ms = config_duration_ms(config, CONFIG_KEY_DFS_BLOCKREPORT_INTERVALMSEC),
	        .reserved_bytes = config_bytes(config, CONFIG_KEY_DFS_DATANODE_DU_RESERVED),
	        .transfers_max = TRANSFERS_MAX,
	        .disk_threads = DISK_THREADS,
	        .version = "3.4.0", /* what masters compare with their oldest supported one */
	        .lost_ms = config_duration_ms(config,
	                                      CONFIG_KEY_ALLUXIO_WORKER_BLOCK_HEARTBEAT_TIMEOUT),
	        .on_lost = on_lost,
	};
}

static int serve(struct cli_site *site)
{
	struct cli_addresses addresses;
	struct process process = {.io = site->io};
	struct worker_options options;
	struct worker *worker;
	char *text = NULL;
	int rc;

	if (cli_masters_find(site, &addresses) != CLI_OK)
		return CLI_FAILURE;
	read_options(site, &options);
	options.masters = addresses.items;
	options.master_count = addresses.count;
	options.context = &process;
	rc = worker_create(&options, &worker, &text);
	if (rc == 0) {
		io_on_signal(site->io, SIGTERM, on_signal, &process);
		io_on_signal(site->io, SIGINT, on_signal, &process);
		io_on_signal(site->io, SIGHUP, on_signal, &process);
		io_run(site->io);
		log_event(LOG_NOTE, "worker stops");
		worker_destroy(worker);
	}
	if (rc < 0)
		rc = cli_fail(site, "%s", text == NULL ? "out of memory" : text);
	else
		rc = process.is_lost ? CLI_FAILURE : CLI_OK;
	mem_free(text);
	mem_free((void *)(uintptr_t)options.transfer_host);
	mem_free((void *)(uintptr_t)options.ipc_host);
	cli_addresses_finish(&addresses);
	return rc;
}

int main_worker(int argc, char **argv)
{
	struct cli_site site;
	struct main_log *log;
	int next;
	int status = cli_site_init(&site, "worker", argc, argv, &next);

	if (status != CLI_OK)
		return status;
	io_set_process_name(site.io, MAIN_WORKER_TITLE);
	if (next < argc)
		status = cli_usage(&site, "unexpected argument '%s'", argv[next]);
	else
		status = main_log_open(&site, &log);
	if (status == CLI_OK) {
		status = serve(&site);
		main_log_close(log);
	}
	cli_site_finish(&site);
	return status;
}
