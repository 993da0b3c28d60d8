/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hidden file of checksums that Hadoop's local file system keeps beside a file: ".name.crc" is
 * "crc\0", the bytes that a checksum covers (512), and a CRC32 for each of those pieces, big endian
 * (HDFS: ChecksumFileSystem).  Inside of cli/.
 */
#ifndef HOLDFAST_CLI_FS_CHECKSUMS_H
#define HOLDFAST_CLI_FS_CHECKSUMS_H

#include "cli/fs.h"

/* Of the file of this machine at `path`.  < 0: errno says why. */
MUST_USE int fs_checksums_write(struct shell *shell, struct str path);
/* What stands there would be of older contents. */
void fs_checksums_remove(struct shell *shell, struct str path);

#endif
