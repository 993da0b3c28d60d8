/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/worker.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "worker/refuse.h"
#include "worker/replica_file.h"
#include "worker/worker_private.h"

enum {
	WORKER_MAGIC = 0x68776f72,
	LISTEN_BACKLOG = 1024,
	LOST_LOOKS = 8, /* in lost_ms, which is counted in them: a worker that was stopped, or whose
	                   machine slept, has not listened */
};

/* ---- for the other files ---- */

struct io_thread *worker_disk(struct worker *worker)
{
	return worker->disks[worker->next_disk++ % worker->disk_count];
}

void worker_tell(struct worker *worker, const struct stored_block *block,
                 Datanode__ReceivedDeletedBlockInfo__Status event)
{
	for (size_t i = 0; i < worker->link_count; i++)
		master_link_tell(worker->links[i], block, event);
}

bool worker_obeys(struct worker *worker, const struct master_link *link, bool is_active,
                  uint64_t txid)
{
	if (!is_active) {
		if (worker->active == link)
			worker->active = NULL;
		return false;
	}
	if (worker->active != link && txid <= worker->active_txid)
		return false;
	if (worker->active != link)
		log_event(LOG_WORKER_MASTER, "obeys another master from txid %llu",
		          (unsigned long long)txid);
	worker->active = link;
	if (txid > worker->active_txid)
		worker->active_txid = txid;
	return true;
}

/* ---- deleting ---- */

struct deletion {
	struct io_work work;
	struct worker *worker;
	struct stored_block block;
	int rc;
};

static void deletion_run(struct io_work *work)
{
	struct deletion *deletion = CONTAINER_OF(work, struct deletion, work);

	deletion->rc =
	        replica_delete(deletion->worker->io, block_store_folder(deletion->worker->store),
	                       &deletion->block);
}

static void deletion_done(struct io_work *work)
{
	struct deletion *deletion = CONTAINER_OF(work, struct deletion, work);

	deletion->worker->deletion_count--;
	if (deletion->rc < 0)
		log_event(LOG_WORKER_DISK, "blk_%llu cannot be deleted: %s",
		          (unsigned long long)deletion->block.id, err_text(deletion->rc));
	else
		worker_tell(deletion->worker, &deletion->block,
		            DATANODE__RECEIVED_DELETED_BLOCK_INFO__STATUS__DELETED);
	mem_free(deletion);
}

void worker_delete(struct worker *worker, const struct stored_block *block)
{
	struct deletion *deletion = mem_zalloc(sizeof(*deletion));

	if (deletion == NULL)
		return; /* the master will say it again */
	deletion->work = (struct io_work){.run = deletion_run, .done = deletion_done};
	deletion->worker = worker;
	deletion->block = *block;
	worker->deletion_count++;
	block_store_remove(worker->store, block->id);
	io_thread_submit(worker_disk(worker), &deletion->work);
}

/* ---- life ---- */

static void on_accept(void *context, struct io_conn *conn)
{
	transfer_accept(context, conn);
}

static int create_disks(struct worker *worker)
{
	worker->disks = mem_zalloc(worker->options.disk_threads * sizeof(*worker->disks));
	if (worker->disks == NULL)
		return -ERR_NO_MEMORY;
	while (worker->disk_count < worker->options.disk_threads) {
		int rc = io_thread_create(worker->io, "disk", &worker->disks[worker->disk_count]);

		if (rc < 0)
			return rc;
		worker->disk_count++;
	}
	return 0;
}

static int create_links(struct worker *worker)
{
	worker->links = mem_zalloc(worker->options.master_count * sizeof(*worker->links));
	if (worker->links == NULL)
		return -ERR_NO_MEMORY;
	while (worker->link_count < worker->options.master_count) {
		int rc = master_link_create(worker, &worker->options.masters[worker->link_count],
		                            &worker->links[worker->link_count]);

		if (rc < 0)
			return rc;
		worker->link_count++;
	}
	return 0;
}

static int listen(struct worker *worker, char **ret_text)
{
	struct io_listen_options options = {
	        .host = worker->options.transfer_host,
	        .port = worker->options.transfer_port,
	        .backlog = LISTEN_BACKLOG,
	        .on_accept = on_accept,
	        .context = worker,
	};
	int rc = io_listen(worker->io, &options, &worker->listener);

	if (rc < 0)
		return worker_refuse(rc, ret_text,
		                     "port %u (dfs.datanode.address) cannot be listened on: %s",
		                     (unsigned)worker->options.transfer_port, err_text(rc));
	rc = worker_ipc_create(worker, &worker->ipc);
	if (rc < 0)
		return worker_refuse(rc, ret_text,
		                     "port %u (dfs.datanode.ipc.address) cannot be listened on: %s",
		                     (unsigned)worker->options.ipc_port, err_text(rc));
	return 0;
}

static int start(struct worker *worker, char **ret_text)
{
	int rc = block_store_open(worker->io, worker->options.folder, &worker->store, ret_text);

	if (rc == 0)
		rc = listen(worker, ret_text);
	if (rc < 0)
		return rc;
	rc = create_disks(worker);
	if (rc == 0)
		rc = create_links(worker);
	return rc < 0 ? worker_refuse(rc, ret_text, "the worker cannot start: %s", err_text(rc))
	              : 0;
}

static void look_for_masters(struct io_timer *timer)
{
	struct worker *worker = CONTAINER_OF(timer, struct worker, lost);

	if (++worker->unheard > LOST_LOOKS)
		worker->options.on_lost(worker->options.context);
	else
		io_timer_start(timer, worker->options.lost_ms * 1000 / LOST_LOOKS);
}

void worker_heard(struct worker *worker)
{
	worker->unheard = 0;
}

int worker_create(const struct worker_options *options, struct worker **ret_worker, char **ret_text)
{
	struct worker *worker = mem_zalloc(sizeof(*worker));
	int rc;

	CHECK(options->disk_threads > 0);
	if (worker == NULL)
		return worker_refuse(-ERR_NO_MEMORY, ret_text, "out of memory");
	worker->magic = WORKER_MAGIC;
	worker->io = options->io;
	worker->options = *options;
	list_init(&worker->transfers);
	io_timer_init(worker->io, &worker->lost, look_for_masters);
	if (options->lost_ms > 0)
		io_timer_start(&worker->lost, options->lost_ms * 1000 / LOST_LOOKS);
	rc = start(worker, ret_text);
	if (rc < 0) {
		worker_destroy(worker);
		return rc;
	}
	log_event(LOG_NOTE, "worker %s has %zu blocks in %s",
	          block_store_worker_uuid(worker->store), block_store_count(worker->store),
	          options->folder);
	*ret_worker = worker;
	return 0;
}

uint16_t worker_transfer_port(const struct worker *worker)
{
	return io_listener_port(worker->listener);
}

void worker_destroy(struct worker *worker)
{
	if (worker == NULL)
		return;
	OBJ_CHECK(worker, WORKER_MAGIC);
	io_timer_stop(&worker->lost);
	if (worker->listener != NULL)
		io_listener_close(worker->listener);
	transfer_close_all(worker);
	/* Jobs in the queues end before the threads do; their done() runs on the loop. */
	for (size_t i = 0; i < worker->disk_count; i++)
		io_thread_destroy(worker->disks[i]);
	while (!list_is_empty(&worker->transfers) || worker->deletion_count > 0)
		io_run_once(worker->io, 10);
	for (size_t i = 0; i < worker->link_count; i++)
		master_link_destroy(worker->links[i]);
	worker_ipc_destroy(worker->ipc);
	block_store_close(worker->store);
	mem_free(worker->links);
	mem_free(worker->disks);
	worker->magic = 0;
	mem_free(worker);
}
