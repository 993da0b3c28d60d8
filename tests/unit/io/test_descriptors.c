/* SPDX-License-Identifier: Apache-2.0 */
/* Running out of descriptors: the server runs in a child with few of them, the clients are here. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "io/io.h"

enum { FEW_DESCRIPTORS = 100, CLIENTS = 120 };

/* ---- the server: sends back what comes ---- */

struct echo {
	struct io *io;
	struct io_conn *conns[CLIENTS];
	size_t count;
	size_t begun, over; /* shortages */
};

static void on_shortage(void *context, bool is_short)
{
	struct echo *echo = context;

	CHECK(io_is_short(echo->io) == is_short);
	if (is_short)
		echo->begun++;
	else
		echo->over++;
}

static void on_data(void *context, const uint8_t *data, size_t size)
{
	struct io_conn **conn = context;
	struct str piece = str_make(data, size);

	io_conn_write(*conn, &piece, 1);
}

static void on_end(void *context, int rc)
{
	struct io_conn **conn = context;

	(void)rc;
	io_conn_close(*conn);
}

static const struct io_conn_ops ops = {.on_data = on_data, .on_end = on_end};

static void on_accept(void *context, struct io_conn *conn)
{
	struct echo *echo = context;

	echo->conns[echo->count] = conn;
	io_conn_start(conn, &ops, &echo->conns[echo->count++]);
}

/* What the test asks for, in bytes on standard input: */
enum command { NOTHING = 0, HOARD = 'h', RELEASE = 'r', END = 'e' };

static enum command next_command(void)
{
	char byte;
	ssize_t got = recv(STDIN_FILENO, &byte, 1, MSG_DONTWAIT);

	return got == 0 ? END : got == 1 ? (enum command)byte : NOTHING;
}

/* However many clients wait, the journal can open its next segment. */
static void open_a_file(struct io *io)
{
	struct io_file *file;

	CHECK(io_file_open(io, "/proc/self/stat", IO_OPEN_READ, &file) == 0);
	io_file_close(file);
}

/* Takes every descriptor there is, or closes those it took. */
static size_t hoard(struct io *io, struct io_file **files, size_t count, enum command command)
{
	if (command == HOARD)
		while (io_file_open(io, "/dev/null", IO_OPEN_READ, &files[count]) == 0)
			count++;
	else
		while (count > 0)
			io_file_close(files[--count]);
	return count;
}

static void serve(struct echo *echo)
{
	struct io_file *files[FEW_DESCRIPTORS];
	size_t count = 0;

	for (;;) {
		enum command command = next_command();

		if (command == END)
			return;
		if (command != NOTHING)
			count = hoard(echo->io, files, count, command);
		io_run_once(echo->io, 20);
		if (count == 0)
			open_a_file(echo->io);
	}
}

static long cpu_ms(void)
{
	struct rusage usage;

	CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

static _Noreturn void serve_with_few_descriptors(void)
{
	static struct echo echo;
	struct rlimit few = {FEW_DESCRIPTORS, FEW_DESCRIPTORS};
	struct io_listen_options options = {
	        .host = "127.0.0.1", .backlog = 4096, .on_accept = on_accept, .context = &echo};
	struct io_listener *listener;
	uint16_t port;

	CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
	CHECK(io_create(&echo.io) == 0);
	io_on_shortage(echo.io, on_shortage, &echo);
	CHECK(io_listen(echo.io, &options, &listener) == 0);
	port = io_listener_port(listener);
	CHECK(write(STDOUT_FILENO, &port, sizeof(port)) == sizeof(port));
	serve(&echo);
	CHECK(cpu_ms() < 600); /* it waited and did not spin */
	while (io_is_short(echo.io))
		io_run_once(echo.io, 20);
	CHECK(echo.begun == 1 && echo.over == 1); /* however often it paused */
	_exit(0);
}

/* Returns a socket; closing it asks the child to end. */
static int start_child(pid_t *ret_child, uint16_t *ret_port)
{
	int input[2], output[2];
	pid_t child;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, input), 0);
	assert_int_equal(pipe(output), 0);
	child = fork();
	if (child == 0) {
		dup2(input[1], STDIN_FILENO);
		dup2(output[1], STDOUT_FILENO);
		for (int fd = 3; fd < 64; fd++)
			close(fd);
		serve_with_few_descriptors();
	}
	close(input[1]);
	close(output[1]);
	assert_int_equal(read(output[0], ret_port, sizeof(*ret_port)), sizeof(*ret_port));
	close(output[0]);
	*ret_child = child;
	return input[0];
}

static bool echoes(int fd, int timeout_ms)
{
	struct timeval timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
	char byte = 0;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (send(fd, "!", 1, MSG_NOSIGNAL) != 1)
		return false;
	return recv(fd, &byte, 1, 0) == 1 && byte == '!';
}

static int dial(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_port = htons(port),
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void end_child(pid_t child, int control)
{
	int status;

	close(control);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void out_of_descriptors_clients_wait_and_others_are_served(void **state)
{
	int fds[CLIENTS], control, served = 0, later = 0;
	uint16_t port;
	pid_t child;

	(void)state;
	control = start_child(&child, &port);
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = dial(port);
	while (served < CLIENTS && echoes(fds[served], 300))
		served++;
	assert_in_range(served, 20, FEW_DESCRIPTORS - 20); /* some wait, a quarter is kept */
	for (int i = 0; i < served; i++)                   /* the served ones are served still */
		assert_true(echoes(fds[i], 10000));
	for (int i = 0; i < served; i++) /* they leave: those that waited get in */
		close(fds[i]);
	for (int i = served; i < CLIENTS && i < 2 * served; i++)
		later += echoes(fds[i], 10000);
	assert_true(later > served / 2);
	for (int i = served; i < CLIENTS; i++)
		close(fds[i]);
	end_child(child, control);
}

/* Even what is kept for files is gone: the kernel itself says no. */
static void without_any_descriptor_the_server_waits_and_goes_on_by_itself(void **state)
{
	int control, before, waiting;
	uint16_t port;
	pid_t child;

	(void)state;
	control = start_child(&child, &port);
	before = dial(port);
	assert_true(echoes(before, 10000));
	assert_int_equal(send(control, "h", 1, 0), 1);
	assert_true(echoes(before, 10000));
	assert_true(echoes(before, 10000)); /* the command was taken between two answers */
	waiting = dial(port);
	assert_false(echoes(waiting, 2000)); /* a spinning server would be seen by its time */
	assert_true(echoes(before, 10000));
	assert_int_equal(send(control, "r", 1, 0), 1);
	assert_true(echoes(waiting, 10000));
	close(before);
	close(waiting);
	end_child(child, control);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(out_of_descriptors_clients_wait_and_others_are_served),
	        cmocka_unit_test(without_any_descriptor_the_server_waits_and_goes_on_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
