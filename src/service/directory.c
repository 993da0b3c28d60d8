/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's user data base, asked on a thread of its own: it may be a directory on the network
 * that takes seconds, or hangs.
 */
#include "base/err.h"
#include "base/mem.h"
#include "service/service_private.h"

struct inquiry {
	struct io_work work;
	struct list node; /* in `idle` */
	struct directory *directory;
	struct groups_question *question;
	struct buf names;
	int rc;
};

struct directory {
	struct io *io;
	int (*user_groups)(void *context, const char *user, struct buf *groups);
	void *context;
	struct io_thread *thread;
	struct list idle;
	struct inquiry inquiries[DIRECTORY_QUESTIONS_MAX];
};

/* On the thread. */
static void inquire(struct io_work *work)
{
	struct inquiry *inquiry = CONTAINER_OF(work, struct inquiry, work);
	const struct directory *directory = inquiry->directory;

	buf_clear(&inquiry->names);
	inquiry->rc = directory->user_groups(directory->context, inquiry->question->user.data,
	                                     &inquiry->names);
	if (inquiry->rc == 0 && inquiry->names.failed)
		inquiry->rc = -ERR_NO_MEMORY;
}

static void inquired(struct io_work *work)
{
	struct inquiry *inquiry = CONTAINER_OF(work, struct inquiry, work);
	struct directory *directory = inquiry->directory;

	list_append(&directory->idle, &inquiry->node);
	groups_answer(inquiry->question, inquiry->rc, buf_str(&inquiry->names),
	              io_now_us(directory->io) / 1000);
}

void directory_ask(void *context, struct groups_question *question)
{
	struct directory *directory = context;
	struct inquiry *inquiry;

	CHECK(!list_is_empty(&directory->idle)); /* the groups keep to the limit */
	inquiry = LIST_FIRST(&directory->idle, struct inquiry, node);
	list_remove(&inquiry->node);
	inquiry->question = question;
	io_thread_submit(directory->thread, &inquiry->work);
}

static int machine_groups(void *context, const char *user, struct buf *groups)
{
	return io_user_groups(context, user, groups);
}

int directory_create(const struct service_options *options, struct directory **ret_directory)
{
	struct directory *directory = mem_zalloc(sizeof(*directory));
	int rc;

	if (directory == NULL)
		return -ERR_NO_MEMORY;
	directory->io = options->io;
	directory->user_groups =
	        options->user_groups == NULL ? machine_groups : options->user_groups;
	directory->context = options->user_groups == NULL ? options->io : options->context;
	list_init(&directory->idle);
	for (size_t i = 0; i < DIRECTORY_QUESTIONS_MAX; i++) {
		struct inquiry *inquiry = &directory->inquiries[i];

		inquiry->directory = directory;
		inquiry->work.run = inquire;
		inquiry->work.done = inquired;
		buf_init(&inquiry->names);
		list_append(&directory->idle, &inquiry->node);
	}
	rc = io_thread_create(options->io, "groups", &directory->thread);
	if (rc < 0) {
		mem_free(directory);
		return rc;
	}
	*ret_directory = directory;
	return 0;
}

void directory_destroy(struct directory *directory)
{
	if (directory == NULL)
		return;
	io_thread_destroy(directory->thread);
	for (size_t i = 0; i < DIRECTORY_QUESTIONS_MAX; i++)
		buf_finish(&directory->inquiries[i].names);
	mem_free(directory);
}
