# SPDX-License-Identifier: Apache-2.0
"""Files and blocks with a worker that only talks."""
import shutil
import threading
import time

import fake_worker
import hadoop_rpc
import processes
import pytest
from fake_worker import FakeWorker, deletions, extended
from hadoop_rpc import decode, encode, field, zigzag

BLOCK = 1 << 27


@pytest.fixture
def root(cluster):
    return hadoop_rpc.Connection(cluster.port)


@pytest.fixture
def worker(cluster):
    return FakeWorker(cluster.port).join()


def add_block(connection, path, holder, previous=None, file_id=0, excluded=()):
    """(LocatedBlockProto, ExtendedBlockProto)."""
    message = [(1, path), (2, holder)]
    if previous is not None:
        message.append((3, previous))
    message += [(4, encode(node)) for node in excluded]
    located = decode(field(connection.call("addBlock", message + [(5, file_id)]), 1))
    return located, decode(field(located, 1))


def complete(connection, path, holder, last=None):
    message = [(1, path), (2, holder)] + ([(3, last)] if last else [])
    return bool(field(connection.call("complete", message), 1))


def write(root, worker, path, lengths, holder="writer"):
    """A file with blocks of these lengths; returns its ExtendedBlockProtos."""
    root.create(path, holder, parents=True)
    blocks, previous = [], None
    for length in lengths:
        _, block = add_block(root, path, holder, previous)
        worker.change(block, fake_worker.RECEIVED, length)
        previous = extended(block, length)
        blocks.append(block)
    assert complete(root, path, holder, previous)
    return blocks


# ---- a worker's life ----

def test_the_version_tells_a_datanode_what_it_must_know(cluster):
    info = FakeWorker(cluster.port).info
    assert field(info, 3).startswith(b"BP-")
    storage = decode(field(info, 4))
    assert field(storage, 1) == -67 & 0xFFFFFFFF
    assert field(storage, 3).startswith(b"CID-")
    assert field(storage, 2) > 0 and field(storage, 4) > 0
    assert field(info, 6) == 1 and field(info, 7) == 0


def test_a_registration_comes_back_with_the_sockets_address_and_empty_keys(cluster):
    worker = FakeWorker(cluster.port)
    registration = decode(field(worker.register(), 1))
    identity = decode(field(registration, 1))
    assert field(identity, 1) == b"127.0.0.1" and field(identity, 3) == b"worker-1"
    keys = decode(field(registration, 3))
    assert [field(keys, n) for n in (1, 2, 3)] == [0, 0, 0]
    assert decode(field(keys, 4)) == [(1, 0), (2, 0), (3, b"")]


def test_heartbeats_claim_active_with_a_growing_txid(cluster):
    worker = FakeWorker(cluster.port)
    worker.register()
    status = decode(field(worker.heartbeat(), 2))
    assert field(status, 1) == 0
    first = field(status, 2)
    cluster.master.kill()
    cluster.start_master()
    worker = FakeWorker(cluster.port)
    worker.register()
    assert field(decode(field(worker.heartbeat(), 2)), 2) > first


def test_an_unknown_worker_is_told_to_register(cluster):
    worker = FakeWorker(cluster.port)
    answer = worker.heartbeat()
    assert field(decode(field(answer, 1)), 1) == 5
    assert field(decode(field(worker.full_report(), 1)), 1) == 5


def test_a_worker_of_another_cluster_is_refused(cluster):
    worker = FakeWorker(cluster.port)
    worker.storage_info = encode([(1, 1), (2, 4711), (3, "CID-other"), (4, 1)])
    for call in (worker.register, worker.heartbeat, worker.full_report):
        with pytest.raises(hadoop_rpc.RemoteError) as caught:
            call()
        assert caught.value.java_class == (
            "org.apache.hadoop.hdfs.protocol.UnregisteredNodeException")


def test_workers_are_reported(root, worker):
    stats = root.call("getFsStats", [])
    assert field(stats, 1) == 1 << 40 and field(stats, 2) == 1000
    for kind, count in ((1, 1), (2, 1), (3, 0), (4, 0)):
        nodes = [decode(v) for n, v in root.call("getDatanodeReport", [(1, kind)]) if n == 1]
        assert len(nodes) == count
    node = decode(field(root.call("getDatanodeReport", [(1, 2)]), 1))
    identity = decode(field(node, 1))
    assert field(identity, 3) == b"worker-1" and field(identity, 4) == 9866
    assert field(node, 2) == 1 << 40 and field(node, 8) == b"/default-rack"


# ---- a file's life ----

def test_a_new_block_has_a_location_with_type_and_store(root, worker):
    root.create("/f", "writer")
    located, block = add_block(root, "/f", "writer")
    assert field(block, 1) == worker.pool
    assert field(block, 2) >= 1073741825 and field(block, 3) >= 1001 and field(block, 4, 0) == 0
    assert field(located, 2) == 0
    locations = [decode(v) for n, v in located if n == 3]
    assert len(locations) == 1
    assert field(decode(field(locations[0], 1)), 3) == b"worker-1"
    assert decode(field(located, 5)) == [(1, b""), (2, b""), (3, b""), (4, b"")]
    assert [v for n, v in located if n == 7] == [1]
    assert [v for n, v in located if n == 8] == [b"DS-worker-1"]


def test_without_a_worker_there_is_hdfs_refusal(root):
    root.create("/f", "writer")
    with pytest.raises(hadoop_rpc.RemoteError) as caught:
        add_block(root, "/f", "writer")
    assert caught.value.java_class == "java.io.IOException"
    assert caught.value.text.startswith(
        "File /f could only be written to 0 of the 1 minReplication nodes. There are 0 "
        "datanode(s) running and 0 node(s) are excluded in this operation.")


def test_excluded_workers_are_not_chosen(root, worker):
    root.create("/f", "writer")
    node = decode(field(root.call("getDatanodeReport", [(1, 2)]), 1))
    with pytest.raises(hadoop_rpc.RemoteError) as caught:
        add_block(root, "/f", "writer", excluded=[node])
    assert "1 node(s) are excluded in this operation" in caught.value.text


def test_a_repeated_add_block_gets_the_same_block(root, worker):
    root.create("/f", "writer")
    _, first = add_block(root, "/f", "writer")
    _, again = add_block(root, "/f", "writer")
    assert first == again


def test_a_file_of_two_blocks_is_found_again(root, worker):
    blocks = write(root, worker, "/f", [BLOCK, 77])
    status = root.stat("/f")
    assert field(status, 3) == BLOCK + 77
    located = decode(field(root.call("getBlockLocations", [(1, "/f"), (2, 0), (3, 1 << 40)]), 1))
    assert field(located, 1) == BLOCK + 77 and field(located, 3) == 0 and field(located, 5) == 1
    found = [decode(v) for n, v in located if n == 2]
    assert [field(b, 2) for b in found] == [0, BLOCK]
    for seen, written, length in zip(found, blocks, (BLOCK, 77)):
        block = decode(field(seen, 1))
        assert [field(block, n) for n in (1, 2, 3)] == [field(written, n) for n in (1, 2, 3)]
        assert field(block, 4) == length
        assert [v for n, v in seen if n == 8] == [b"DS-worker-1"]
    assert field(decode(field(decode(field(located, 4)), 1)), 4) == 77
    part = decode(field(root.call("getBlockLocations", [(1, "/f"), (2, BLOCK), (3, 1)]), 1))
    assert [field(decode(v), 2) for n, v in part if n == 2] == [BLOCK]


def test_located_listings_carry_the_blocks(root, worker):
    write(root, worker, "/d/f", [5])
    listing = decode(field(root.call("getListing", [(1, "/d"), (2, b""), (3, True)]), 1))
    located = decode(field(decode(field(listing, 1)), 12))
    assert field(located, 1) == 5
    assert len([1 for n, _ in located if n == 2]) == 1


def test_complete_waits_for_the_workers_report(cluster, root, worker):
    root.create("/f", "writer")
    _, block = add_block(root, "/f", "writer")
    call = root.send("complete", [(1, "/f"), (2, "writer"), (3, extended(block, 9))])
    # Its connection is served while the other waits.
    assert hadoop_rpc.Connection(cluster.port).stat("/f") is not None
    worker.change(block, fake_worker.RECEIVED, 9)
    answered, reply = root.receive()
    assert answered == call and field(reply, 1) == 1
    assert field(root.stat("/f"), 3) == 9


def test_complete_is_false_when_no_report_comes(root, worker):
    root.create("/f", "writer")
    _, block = add_block(root, "/f", "writer")
    assert not complete(root, "/f", "writer", extended(block, 9))
    assert field(root.call("isFileClosed", [(1, "/f")]), 1) == 0


def fsync(connection, path, holder, length=None, file_id=0):
    message = [(1, path), (2, holder), (4, file_id)]
    return connection.call("fsync", message + ([(3, zigzag(length))] if length else []))


def located(connection, path):
    found = connection.call("getBlockLocations", [(1, path), (2, 0), (3, 1 << 40)])
    return decode(field(found, 1))


def test_fsync_shows_a_length_that_survives_the_master(cluster, root, worker):
    created = root.create("/f", "writer")
    _, block = add_block(root, "/f", "writer")
    fsync(root, "/f", "writer")             # the first hflush of a block knows no length
    assert field(root.stat("/f"), 3) == 0
    fsync(root, "/f", "writer", 11, file_id=field(created, 13))
    assert field(root.stat("/f"), 3) == 11
    cluster.master.kill()
    cluster.start_master()
    again = hadoop_rpc.Connection(cluster.port)
    assert field(again.stat("/f"), 3) == 11
    FakeWorker(cluster.port).join().change(block, fake_worker.RECEIVED, 20)
    assert complete(again, "/f", "writer", extended(block, 20))
    assert field(again.stat("/f"), 3) == 20


def test_stores_are_reported_with_their_worker(root, worker):
    worker.heartbeat(capacity=1 << 40)
    for kind, count in ((2, 1), (1, 1), (3, 0)):  # LIVE, ALL, DEAD
        reports = root.call("getDatanodeStorageReport", [(1, kind)])
        assert [number for number, _ in reports] == [1] * count
    report = decode(field(root.call("getDatanodeStorageReport", [(1, 2)]), 1))
    node = decode(field(decode(field(report, 1)), 1))
    assert field(node, 3) == b"worker-1"
    store = decode(field(report, 2))
    assert field(store, 1) == b"DS-worker-1" and field(store, 2) == 0
    assert [field(store, n) for n in (3, 4, 5, 6)] == [1 << 40, 1000, (1 << 40) - 1000, 1000]
    assert decode(field(store, 7))[:3] == [(1, b"DS-worker-1"), (2, 0), (3, 1)]


def test_a_file_that_was_just_written_is_not_missing(root, worker):
    write(root, worker, "/f", [5])
    stats = root.call("getFsReplicatedBlockStats", [])
    assert field(stats, 3) == 0
    assert root.call("listCorruptFileBlocks", [(1, "/")]) == [(1, b"\x12\x010")]


def test_a_reader_asks_workers_for_the_block_that_is_written(root, worker):
    root.create("/f", "writer")
    _, first = add_block(root, "/f", "writer")
    worker.change(first, fake_worker.RECEIVED, BLOCK)
    add_block(root, "/f", "writer", extended(first, BLOCK))
    fsync(root, "/f", "writer", 11)
    blocks = located(root, "/f")
    assert field(blocks, 1) == BLOCK and field(blocks, 3) == 1  # the length without its last block
    last = decode(field(blocks, 4))
    assert field(last, 2) == BLOCK and field(decode(field(last, 1)), 4) == 11


def test_fsync_is_refused_as_hdfs_does(root, worker):
    write(root, worker, "/closed", [5])
    root.create("/f", "writer")
    for path, holder, text in (
            ("/closed", "writer", "File is not open for writing: /closed (inode 0) [Lease.  Holder: "
             "writer, pending creates: 1]"),
            ("/f", "other", "Client (=other) is not the lease owner (=writer: /f (inode 0) Holder "
             "other does not have any open files."),
            ("/", "writer", "INode is not a regular file: / (inode 0) [Lease.  Holder: writer, "
             "pending creates: 1]")):
        with pytest.raises(hadoop_rpc.RemoteError) as caught:
            fsync(root, path, holder, 3)
        assert caught.value.java_class.endswith("LeaseExpiredException")
        assert caught.value.text.split("\n")[0] == text


def test_a_new_stamp_does_not_make_the_old_one_wrong(root, worker):
    # Go's client asks for one after every block and ignores the answer.
    root.create("/f", "writer")
    _, block = add_block(root, "/f", "writer")
    worker.change(block, fake_worker.RECEIVED, 11)
    located = decode(field(root.call("updateBlockForPipeline", [
        (1, extended(block, 11)), (2, "writer")]), 1))
    fresh = decode(field(located, 1))
    assert field(fresh, 3) > field(block, 3) and field(fresh, 4) == 11
    assert field(located, 2) == (1 << 64) - 1
    assert decode(field(located, 5)) == [(1, b""), (2, b""), (3, b""), (4, b"")]
    assert complete(root, "/f", "writer", extended(block, 11))


def test_an_abandoned_block_is_gone_from_the_file(root, worker):
    root.create("/f", "writer")
    _, block = add_block(root, "/f", "writer")
    root.call("abandonBlock", [(1, encode(block)), (2, "/f"), (3, "writer")])
    assert complete(root, "/f", "writer")
    assert field(root.stat("/f"), 3) == 0


def test_blocks_of_another_pool_are_refused(root, worker):
    root.create("/f", "writer")
    alien = encode([(1, "BP-alien"), (2, 1073741825), (3, 1001)])
    for method, message in [("addBlock", [(1, "/f"), (2, "writer"), (3, alien)]),
                            ("complete", [(1, "/f"), (2, "writer"), (3, alien)])]:
        with pytest.raises(hadoop_rpc.RemoteError) as caught:
            root.call(method, message)
        assert caught.value.java_class == "java.io.IOException"
        assert caught.value.text.split("\n")[0] == (
            f"Unexpected BlockPoolId BP-alien - expected {worker.pool.decode()}")


def test_writing_without_a_lease_is_refused_with_hdfs_classes(root, worker):
    with pytest.raises(hadoop_rpc.RemoteError) as caught:
        add_block(root, "/nope", "writer")
    assert caught.value.java_class == "java.io.FileNotFoundException"
    write(root, worker, "/f", [1])
    with pytest.raises(hadoop_rpc.RemoteError) as caught:
        add_block(root, "/f", "writer")
    assert caught.value.java_class == (
        "org.apache.hadoop.hdfs.server.namenode.LeaseExpiredException")


def test_blocks_of_a_removed_file_are_ordered_away_once(root, worker):
    blocks = write(root, worker, "/f", [10, 20])
    assert root.delete("/f")
    ordered = []
    processes.wait_until(lambda: ordered.extend(deletions(worker.heartbeat())) or len(ordered) >= 2,
                         "both blocks are ordered away")
    assert sorted(ordered) == sorted((field(b, 2), field(b, 3)) for b in blocks)
    for block in blocks:
        worker.change(block, fake_worker.DELETED, 0)
    assert deletions(worker.heartbeat()) == []


def test_a_read_after_a_restart_waits_for_the_first_report(cluster, worker):
    root = hadoop_rpc.Connection(cluster.port)
    block, = write(root, worker, "/f", [33])
    cluster.master.kill()
    cluster.start_master()
    reader = hadoop_rpc.Connection(cluster.port)
    reader.send("getBlockLocations", [(1, "/f"), (2, 0), (3, 33)])
    again = FakeWorker(cluster.port)
    again.register()
    again.heartbeat()
    again.full_report([(field(block, 2), 33, field(block, 3), fake_worker.FINALIZED)])
    _, reply = reader.receive()
    found = decode(field(decode(field(reply, 1)), 2))
    assert [v for n, v in found if n == 8] == [b"DS-worker-1"]


def test_a_new_block_after_a_restart_waits_for_the_first_worker(cluster, root):
    root.create("/f", "writer")
    cluster.master.kill()
    cluster.start_master()
    writer = hadoop_rpc.Connection(cluster.port)
    writer.send("addBlock", [(1, "/f"), (2, "writer")])
    FakeWorker(cluster.port).join()
    located = decode(field(writer.receive()[1], 1))
    assert [v for n, v in located if n == 8] == [b"DS-worker-1"]


def test_a_repeated_add_block_after_a_restart_waits_for_its_worker(cluster, root, worker):
    root.create("/f", "writer")
    first = root.call("addBlock", [(1, "/f"), (2, "writer")], call_id=700)
    cluster.master.kill()
    cluster.start_master()
    writer = hadoop_rpc.Connection(cluster.port, client_id=root.client_id)
    writer.send("addBlock", [(1, "/f"), (2, "writer")], call_id=700, retry=1)
    FakeWorker(cluster.port, uuid="another", xfer_port=9867).join()
    FakeWorker(cluster.port).join()
    located = decode(field(writer.receive()[1], 1))
    assert field(located, 1) == field(decode(field(first, 1)), 1)
    assert [v for n, v in located if n == 8] == [b"DS-worker-1"]


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_block_is_not_called_anothers_before_the_journal_is_read(cluster, root, worker):
    root.create("/f", "writer")
    _, block = add_block(root, "/f", "writer")
    cluster.master.kill()
    cluster.start_master(wrapper=[
        "strace", "-f", "-qq", "-o", "/dev/null", "-P", cluster.folder / "master/vote", "-e",
        "trace=openat", "-e", "inject=openat:delay_enter=500000"])
    writer = hadoop_rpc.Connection(cluster.port)
    writer.call("abandonBlock", [(1, encode(block)), (2, "/f"), (3, "writer")])
    assert field(located(writer, "/f"), 2) is None


def test_a_replica_reported_bad_is_not_handed_out(root, worker):
    write(root, worker, "/f", [3])
    before = decode(field(root.call("getBlockLocations", [(1, "/f"), (2, 0), (3, 3)]), 1))
    root.call("reportBadBlocks", [(1, field(before, 2))])
    after = decode(field(root.call("getBlockLocations", [(1, "/f"), (2, 0), (3, 3)]), 1))
    assert [v for n, v in decode(field(after, 2)) if n == 3] == []


def test_a_large_full_report_lets_others_have_their_turn(cluster, root):
    worker = FakeWorker(cluster.port)
    worker.register()
    worker.heartbeat()
    replicas = [(2_000_000_000 + i, 1, 1001, fake_worker.FINALIZED) for i in range(300_000)]
    reporting = threading.Thread(target=worker.full_report, args=(replicas,))
    reporting.start()
    longest = 0
    while reporting.is_alive():
        began = time.monotonic()
        root.stat("/")
        longest = max(longest, time.monotonic() - began)
    reporting.join()
    assert longest < 0.5, f"a stat took {longest} s while a report was read"
