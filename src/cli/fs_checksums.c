/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fs_checksums.h"

#include "base/err.h"
#include "base/hash.h"

enum { PIECE_BYTES = 512 };

static const char *checksums_of(struct shell *shell, struct str path)
{
	return cli_text(&shell->arena, "%.*s/.%.*s.crc", STR_ARGS(shell_parent_of(path)),
	                STR_ARGS(shell_name_of(path)))
	        .data;
}

static bool write_word(FILE *to, uint32_t word)
{
	uint8_t bytes[] = {(uint8_t)(word >> 24), (uint8_t)(word >> 16), (uint8_t)(word >> 8),
	                   (uint8_t)word};

	return fwrite(bytes, sizeof(bytes), 1, to) == 1;
}

static bool write_all(FILE *from, FILE *to)
{
	uint8_t piece[PIECE_BYTES];
	size_t size = PIECE_BYTES;
	bool is_fine = fwrite("crc", 4, 1, to) == 1 && write_word(to, PIECE_BYTES);

	while (is_fine && size == PIECE_BYTES) {
		size = fread(piece, 1, PIECE_BYTES, from);
		is_fine =
		        !ferror(from) && (size == 0 || write_word(to, crc32_zlib(0, piece, size)));
	}
	return is_fine;
}

int fs_checksums_write(struct shell *shell, struct str path)
{
	FILE *from = fopen(cli_text(&shell->arena, "%.*s", STR_ARGS(path)).data, "rb");
	FILE *to = from == NULL ? NULL : fopen(checksums_of(shell, path), "wb");
	bool is_fine = to != NULL && write_all(from, to);

	if (to != NULL)
		is_fine = fclose(to) == 0 && is_fine;
	if (from != NULL)
		fclose(from);
	return is_fine ? 0 : -ERR_IO;
}

void fs_checksums_remove(struct shell *shell, struct str path)
{
	(void)io_unlink(shell->site.io, checksums_of(shell, path));
}
