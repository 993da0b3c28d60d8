/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticks: at least one a minute while the retry table has rows.  A tick lets age go on without
 * writes, and names for each class of calls the age below which rows are forgotten.
 *
 * At the table's limit rows of the first class are forgotten earlier, but never before 300 s: a
 * Java client that tries a frozen master twice comes back after 260 s.  What does not fit even
 * then waits (limits.c).
 */
#include <inttypes.h>

#include "base/log.h"
#include "master/master_private.h"

enum {
	TICK_US = 60 * 1000 * 1000,
	TICK_BUSY_US = 5 * 1000 * 1000, /* the table is half full */
	TICK_FULL_US = 1000 * 1000,
	KEEP_MIN_MS = 300 * 1000,
};

static uint64_t rows_of(struct master *master)
{
	struct ns_retry_stats stats;

	ns_retry_stats(master->ns, &stats);
	return stats.rows;
}

static bool is_over(const struct master *master, uint64_t rows, uint64_t part)
{
	uint64_t rows_max = master->options.retry_rows_max;

	return rows_max != 0 && rows >= rows_max / part;
}

/* When the next one is due, by how full the table is. */
static void schedule(struct master *master)
{
	uint64_t rows = rows_of(master);
	uint64_t delay_us = TICK_US;

	if (rows == 0)
		return;
	if (is_over(master, rows, 1))
		delay_us = TICK_FULL_US;
	else if (is_over(master, rows, 2))
		delay_us = TICK_BUSY_US;
	io_timer_start(&master->ticker.timer, delay_us);
}

/* Keeps the first class shorter while the table is full, and longer again when it is half empty. */
static void judge_shortness(struct master *master)
{
	struct ticker *ticker = &master->ticker;
	uint64_t rows = rows_of(master);

	if (!ticker->is_short && is_over(master, rows, 1)) {
		ticker->is_short = true;
		log_event(LOG_RETRY_TABLE_SHORTENED, "rows=%" PRIu64 " limit=%" PRIu64, rows,
		          master->options.retry_rows_max);
	} else if (ticker->is_short && !is_over(master, rows, 2)) {
		ticker->is_short = false;
	}
}

static uint64_t line(uint64_t age_ms, uint64_t keep_ms, uint64_t before_ms)
{
	uint64_t line_ms = age_ms > keep_ms ? age_ms - keep_ms : 0;

	return line_ms > before_ms ? line_ms : before_ms;
}

static void tick(struct io_timer *timer)
{
	struct ticker *ticker = CONTAINER_OF(timer, struct ticker, timer);
	struct master *master = CONTAINER_OF(ticker, struct master, ticker);
	struct command_tick *command = &ticker->proposal.write.command.tick;
	uint64_t age_ms = age_now_ms(&master->age, io_now_us(master->io));
	uint64_t keep_ms = master->options.retry_at_most_once_ms;

	ticker->is_hurried = false;
	if (ticker->is_short && keep_ms > KEEP_MIN_MS)
		keep_ms = KEEP_MIN_MS;
	ticker->at_most_once_line_ms = line(age_ms, keep_ms, ticker->at_most_once_line_ms);
	ticker->others_line_ms =
	        line(age_ms, master->options.retry_others_ms, ticker->others_line_ms);
	command->forget_at_most_once_age_ms = ticker->at_most_once_line_ms;
	command->forget_others_age_ms = ticker->others_line_ms;
	if (proposal_start(&ticker->proposal) < 0)
		io_timer_start(&ticker->timer, TICK_FULL_US);
}

static void tick_done(struct proposal *proposal, int rc)
{
	struct ticker *ticker = CONTAINER_OF(proposal, struct ticker, proposal);
	struct master *master = CONTAINER_OF(ticker, struct master, ticker);

	if (rc < 0 || master->role != MASTER_PRIMARY)
		return;
	judge_shortness(master);
	schedule(master);
	if (!is_over(master, rows_of(master), 1))
		hold_release(&master->hold, HOLD_OVER, master->hold.puts);
}

void ticker_init(struct master *master)
{
	struct ticker *ticker = &master->ticker;

	proposal_init(&ticker->proposal, master, tick_done);
	ticker->proposal.write.command.kind = ENTRY_tick;
	io_timer_init(master->io, &ticker->timer, tick);
}

void ticker_finish(struct master *master)
{
	io_timer_stop(&master->ticker.timer);
	proposal_finish(&master->ticker.proposal);
}

void ticker_promoted(struct master *master)
{
	master->ticker.is_short = false;
	master->ticker.is_hurried = false;
	ticker_applied(master);
}

void ticker_demoted(struct master *master)
{
	io_timer_stop(&master->ticker.timer);
}

void ticker_applied(struct master *master)
{
	struct ticker *ticker = &master->ticker;

	if (master->role == MASTER_PRIMARY && !ticker->proposal.is_running &&
	    !io_timer_is_started(&ticker->timer))
		schedule(master);
}

void ticker_hurry(struct master *master)
{
	if (master->ticker.is_hurried)
		return;
	master->ticker.is_hurried = true;
	judge_shortness(master);
	if (!master->ticker.proposal.is_running)
		io_timer_start(&master->ticker.timer, TICK_FULL_US);
}
