// SPDX-License-Identifier: Apache-2.0
import java.io.IOException;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.client.HdfsDataOutputStream;
import org.apache.hadoop.hdfs.client.HdfsDataOutputStream.SyncFlag;

/**
 * Writes args[0] in pieces of odd sizes; after each it flushes in one way or another, and reads all
 * that was flushed while the file is open.  Ends with an error when something else is read.
 */
public class Flushes {
	private static final int[] SIZES = {
		1, 99, 411, 1, 512, 513, 0, 0, 3, 64512, 65536, 7, 1 << 20, 511, 1 << 21, 1000, 0, 5};

	public static void main(String[] args) throws IOException {
		Path path = new Path(args[0]);
		FileSystem fs = path.getFileSystem(new Configuration());
		int total = Arrays.stream(SIZES).sum();
		byte[] contents = new byte[total];
		new Random(1).nextBytes(contents);
		int written = 0;

		try (FSDataOutputStream out = fs.create(path, true, 4096, (short)1, 1 << 20)) {
			for (int i = 0; i < SIZES.length; i++) {
				out.write(contents, written, SIZES[i]);
				written += SIZES[i];
				flush(out, i);
				check(fs, path, contents, written);
			}
		}
		check(fs, path, contents, total);
		if (fs.getFileStatus(path).getLen() != total)
			throw new IOException("length " + fs.getFileStatus(path).getLen());
		System.out.println("written and read: " + total);
	}

	private static void flush(FSDataOutputStream out, int turn) throws IOException {
		switch (turn % 3) {
		case 0: out.hflush(); break;
		case 1: out.hsync(); break;
		default: ((HdfsDataOutputStream)out).hsync(EnumSet.of(SyncFlag.UPDATE_LENGTH)); break;
		}
	}

	private static void check(FileSystem fs, Path path, byte[] contents, int size)
			throws IOException {
		byte[] read = new byte[size];

		try (FSDataInputStream in = fs.open(path)) {
			in.readFully(0, read);
			if (in.read(size, new byte[1], 0, 1) > 0)
				throw new IOException("more than " + size + " bytes can be read");
		}
		if (!Arrays.equals(read, Arrays.copyOf(contents, size)))
			throw new IOException("other bytes than the " + size + " written");
	}
}
