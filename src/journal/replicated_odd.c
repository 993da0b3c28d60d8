/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/replicated_odd.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "journal/text.h"

enum { NOTE_BYTES_MAX = 4096 };

/* ---- the note ---- */

struct note {
	struct io_work work;
	struct replicated *replicated;
	char *text; /* NULL: none any more */
	int rc;
};

static int write_note(const struct journal *journal, const char *text)
{
	CLEANUP(mem_cleanup) char *path = folder_join(journal->folder, FOLDER_ODD);
	int rc;

	if (path == NULL)
		return -ERR_NO_MEMORY;
	if (text != NULL)
		return io_replace_file(journal->io, path, text, strlen(text));
	rc = io_unlink(journal->io, path);
	return rc < 0 ? rc : io_sync_folder(journal->io, journal->folder);
}

static void run(struct io_work *work)
{
	struct note *note = CONTAINER_OF(work, struct note, work);

	note->rc = write_note(note->replicated->journal, note->text);
}

static void done(struct io_work *work)
{
	struct note *note = CONTAINER_OF(work, struct note, work);
	struct replicated *replicated = note->replicated;
	struct journal *journal = replicated->journal;

	replicated->works--;
	replicated->odd_notes--;
	if (note->rc < 0)
		journal_notice(journal, note->rc,
		               text_make("%s/%s cannot be %s: %s. The next start will %s",
		                         journal->folder, FOLDER_ODD,
		                         note->text == NULL ? "removed" : "written",
		                         err_text(note->rc),
		                         note->text == NULL ? "take this state for one that differs"
		                                            : "not know that this state differed"));
	mem_free(note->text);
	mem_free(note);
	journal_step_close(journal);
}

/* Takes `text`. */
static void submit(struct replicated *replicated, char *text)
{
	struct note *note = mem_must_zalloc(sizeof(*note));

	note->work = (struct io_work){.run = run, .done = done};
	note->replicated = replicated;
	note->text = text;
	replicated->works++;
	replicated->odd_notes++;
	io_thread_submit(replicated->journal->work_thread, &note->work);
}

void replicated_odd_note(struct replicated *replicated, const char *text)
{
	(void)write_note(replicated->journal, text); /* what is fatal is said anyway */
}

int replicated_odd_init(struct replicated *replicated)
{
	struct journal *journal = replicated->journal;
	CLEANUP(mem_cleanup) char *path = folder_join(journal->folder, FOLDER_ODD);
	struct buf text;
	int rc;

	buf_init(&text);
	rc = path == NULL ? -ERR_NO_MEMORY : io_read_file(journal->io, path, NOTE_BYTES_MAX, &text);
	if (rc == 0) {
		replicated->is_odd = replicated->has_reloaded = true;
		journal_notice(journal, -ERR_DAMAGED,
		               text_make("%s/%s: an earlier run of this master noted: %.*s. "
		                         "Its checkpoint was loaded afresh; until its state is "
		                         "found equal to the primary's it answers no reads and "
		                         "is not promoted",
		                         journal->folder, FOLDER_ODD, STR_ARGS(buf_str(&text))));
	}
	buf_finish(&text);
	return rc == -ERR_NO_FILE ? 0 : rc;
}

/* ---- loading again ---- */

void replicated_odd_found(struct replicated *replicated, uint64_t index, char *text)
{
	replicated->is_odd = true;
	replicated->odd_index = index;
	submit(replicated, text);
	replicated_health_tell_odd(replicated);
	if (replicated->has_reloaded)
		return;
	replicated->has_reloaded = true;
	replicated_reload(replicated);
}

void replicated_odd_over(struct replicated *replicated, uint64_t index)
{
	struct journal *journal = replicated->journal;

	if (!replicated->is_odd || index < replicated->odd_index)
		return;
	replicated->is_odd = false;
	journal_notice(journal, 0,
	               text_make("%s: the state after index %" PRIu64
	                         " is the primary's: it is shown again, and may be promoted",
	                         journal->folder, index));
	submit(replicated, NULL);
}

bool journal_is_odd(const struct journal *journal)
{
	return journal->replicated != NULL && journal->replicated->is_odd;
}
