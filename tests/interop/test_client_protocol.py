# SPDX-License-Identifier: Apache-2.0
"""ClientProtocol on the wire.  Expected values were seen with Apache's NameNode 3.4.3."""
import os

import hadoop_rpc
import pytest
from hadoop_rpc import decode, field

NONE = (1 << 64) - 1
HA_PROTOCOL = "org.apache.hadoop.ha.HAServiceProtocol"
GROUPS_PROTOCOL = "org.apache.hadoop.tools.GetUserMappingsProtocol"
NAMENODE_PROTOCOL = "org.apache.hadoop.hdfs.server.protocol.NamenodeProtocol"
ACCESS = "org.apache.hadoop.security.AccessControlException"
NOT_FOUND = "java.io.FileNotFoundException"


@pytest.fixture
def root(cluster):
    connection = hadoop_rpc.Connection(cluster.port)
    connection.stat("/")  # held until the master is primary
    return connection


@pytest.fixture
def bob(cluster):
    return hadoop_rpc.Connection(cluster.port, user="bob-of-nowhere")


def refused(connection, method, message, java_class, text, **options):
    with pytest.raises(hadoop_rpc.RemoteError) as caught:
        connection.call(method, message, **options)
    assert (caught.value.java_class, caught.value.text.split("\n")[0]) == (java_class, text)


def touch(connection, path):
    status = connection.create(path, "toucher")
    assert connection.complete(path, "toucher", field(status, 13))
    return status


def numbers(fields):
    return {number for number, _ in fields}


# ---- what is there, and what is not ----

def test_the_root_has_hdfs_id_and_every_required_field(root):
    status = root.stat("/")
    assert field(status, 1) == 1
    assert field(status, 2) == b""
    assert decode(field(status, 4)) == [(1, 0o755)]
    assert field(status, 6) == b"supergroup"
    assert field(status, 13) == 16385
    assert {1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 13, 14} <= numbers(status)


def test_a_missing_path_is_an_answer_without_a_status(root):
    assert root.call("getFileInfo", [(1, "/nope")]) == []
    assert root.call("getFileLinkInfo", [(1, "/nope")]) == []
    assert root.call("getLocatedFileInfo", [(1, "/nope")]) == []
    assert root.call("getListing", [(1, "/nope"), (2, b""), (3, False)]) == []


@pytest.mark.parametrize("method, message", [
    ("getFileInfo", [(1, "/" + "a/" * (1 << 19))]),
    ("mkdirs", [(1, "/a"), (2, [(1, 0o755)]), (3, True), (20, "x" * (1 << 20))]),
])
def test_a_request_about_files_has_a_megabyte_at_most(root, method, message):
    with pytest.raises(hadoop_rpc.RemoteError) as caught:
        root.call(method, message)
    assert caught.value.java_class == "java.io.IOException"
    assert f"The request of {method} takes 10485" in caught.value.text
    assert root.stat("/a") is None


def test_a_created_file_comes_with_its_id_and_times(root):
    status = root.create("/f", "client", replication=1, block_size=1 << 27)
    assert field(status, 1) == 2 and field(status, 3) == 0
    assert decode(field(status, 4)) == [(1, 0o644)]
    assert field(status, 10) == 1 and field(status, 11) == 1 << 27
    assert field(status, 13) > 16385
    assert field(status, 7) == field(status, 8) > 1_600_000_000_000


def test_modes_lose_the_bits_that_clients_add(root):
    root.mkdirs("/go", mode=0x800001ED)
    root.mkdirs("/sticky", mode=0o17777)
    root.call("setPermission", [(1, "/sticky"), (2, [(1, 0o17777)])])
    assert decode(field(root.stat("/go"), 4)) == [(1, 0o755)]
    assert decode(field(root.stat("/sticky"), 4)) == [(1, 0o1777)]


def test_listings_go_on_behind_a_name_in_order_of_bytes(cluster):
    cluster_root = hadoop_rpc.Connection(cluster.port)
    for name in ("b", "a", "B", "ä", "ab"):
        cluster_root.mkdirs(f"/l/{name}")
    assert cluster_root.list("/l") == ["B", "a", "ab", "b", "ä"]
    listing = decode(field(cluster_root.call("getListing", [(1, "/l"), (2, b"aa"), (3, False)]), 1))
    assert [field(decode(e), 2).decode() for n, e in listing if n == 1] == ["ab", "b", "ä"]
    assert field(listing, 2) == 0


def test_a_listing_of_a_file_is_the_file_with_an_empty_name(root):
    touch(root, "/f")
    listing = decode(field(root.call("getListing", [(1, "/f"), (2, b""), (3, True)]), 1))
    entry = decode(field(listing, 1))
    assert field(entry, 2) == b"" and field(listing, 2) == 0
    assert decode(field(entry, 12)) == [(1, 0), (3, 0), (5, 0)]  # located: no blocks


def test_pages_end_at_the_limit_and_say_what_remains(make_cluster):
    cluster = make_cluster(**{"dfs.ls.limit": "3"})
    cluster.start_master()
    connection = hadoop_rpc.Connection(cluster.port)
    for i in range(7):
        connection.mkdirs(f"/p/{i}")
    listing = decode(field(connection.call("getListing", [(1, "/p"), (2, b""), (3, False)]), 1))
    assert len([1 for n, _ in listing if n == 1]) == 3
    assert field(listing, 2) == 4
    assert connection.list("/p") == [str(i) for i in range(7)]


# ---- summaries, stats, defaults ----

def test_summaries_have_hdfs_quotas(root):
    root.mkdirs("/s/sub")
    touch(root, "/s/f")
    summary = decode(field(root.call("getContentSummary", [(1, "/s")]), 1))
    assert [field(summary, n) for n in (1, 2, 3, 4, 5, 6)] == [0, 1, 2, NONE, 0, NONE]
    assert field(summary, 12) == b""
    whole = decode(field(root.call("getContentSummary", [(1, "/")]), 1))
    assert field(whole, 4) == (1 << 63) - 1
    one = decode(field(root.call("getContentSummary", [(1, "/s/f")]), 1))
    assert [field(one, n) for n in (2, 3)] == [1, 0] and field(one, 12) == b"Replicated"
    usage = decode(field(root.call("getQuotaUsage", [(1, "/s")]), 1))
    assert [field(usage, n) for n in (1, 2, 3, 4)] == [3, NONE, 0, NONE]
    refused(root, "getContentSummary", [(1, "/nope")], NOT_FOUND, "File does not exist: /nope")


def test_a_summary_needs_rights_on_every_directory_below(root, bob):
    root.mkdirs("/open/closed", mode=0o755)
    root.call("setPermission", [(1, "/open/closed"), (2, [(1, 0o700)])])
    refused(bob, "getContentSummary", [(1, "/open")], ACCESS,
            "Permission denied: user=bob-of-nowhere, access=READ_EXECUTE, "
            f"inode=\"/open/closed\":{field(root.stat('/'), 5).decode()}:supergroup:drwx------")
    root.call("setPermission", [(1, "/open/closed"), (2, [(1, 0o755)])])
    summary = decode(field(bob.call("getContentSummary", [(1, "/open")]), 1))
    assert field(summary, 3) == 2


def test_server_defaults_follow_the_configuration(make_cluster):
    cluster = make_cluster(**{"fs.trash.interval": "60", "dfs.blocksize": "64m"})
    cluster.start_master()
    connection = hadoop_rpc.Connection(cluster.port)
    defaults = decode(field(connection.call("getServerDefaults", []), 1))
    assert [field(defaults, n) for n in (1, 2, 3, 4, 5, 6, 7, 8)] == [
        64 << 20, 512, 65536, 1, 4096, 0, 60, 2]
    assert field(defaults, 9) == b"" and field(defaults, 10) == 7


def test_capacity_is_never_zero(root):
    stats = root.call("getFsStats", [])
    assert field(stats, 1) > 0
    assert {1, 2, 3, 4, 5, 6} <= numbers(stats)


def test_storage_policies_are_hdfs(root):
    names = [field(decode(p), 2).decode() for n, p in root.call("getStoragePolicies", []) if n == 1]
    assert names == ["PROVIDED", "COLD", "WARM", "HOT", "ONE_SSD", "ALL_SSD", "ALL_NVDIMM",
                     "LAZY_PERSIST"]
    hot = root.call("create", [(1, "/hot"), (2, [(1, 0o644)]), (3, "c"), (4, 1), (5, False), (6, 1),
                               (7, 1 << 27), (11, "hot")])
    assert field(decode(field(hot, 1)), 16) == 7
    refused(root, "create", [(1, "/no"), (2, [(1, 0o644)]), (3, "c"), (4, 1), (5, False), (6, 1),
                             (7, 1 << 27), (11, "NOPE")],
            "org.apache.hadoop.HadoopIllegalArgumentException",
            "Cannot find a block policy with the name NOPE")


def test_what_is_not_there_is_an_empty_answer(root):
    for method, message in [("getDataEncryptionKey", []), ("getDelegationToken", [(1, "x")]),
                            ("getErasureCodingPolicies", []), ("msync", []),
                            ("getDatanodeReport", [(1, 1)]), ("getEZForPath", [(1, "/")]),
                            ("getSnapshottableDirListing", []), ("getSlowDatanodeReport", []),
                            ("renewLease", [(1, "nobody")]), ("reportBadBlocks", [])]:
        assert root.call(method, message) == [], method


# ---- one file ----

def test_files_are_told_from_directories(root):
    root.mkdirs("/d")
    touch(root, "/f")
    for method in ("getPreferredBlockSize", "isFileClosed"):
        refused(root, method, [(1, "/d")], NOT_FOUND, "Path is not a file: /d")
        refused(root, method, [(1, "/nope")], NOT_FOUND, "File does not exist: /nope")
    refused(root, "getBlockLocations", [(1, "/d"), (2, 0), (3, 9)], NOT_FOUND,
            "Path is not a file: /d")
    refused(root, "getBlockLocations", [(1, "/nope"), (2, 0), (3, 9)], NOT_FOUND,
            "File does not exist: /nope")
    assert field(root.call("getPreferredBlockSize", [(1, "/f")]), 1) == 134217728
    assert field(root.call("isFileClosed", [(1, "/f")]), 1) == 1
    root.create("/open", "writer")
    assert field(root.call("isFileClosed", [(1, "/open")]), 1) == 0
    located = decode(field(root.call("getBlockLocations", [(1, "/open"), (2, 0), (3, 9)]), 1))
    assert located == [(1, 0), (3, 1), (5, 0)]


def test_ranges_below_zero_are_refused(root):
    touch(root, "/f")
    for message, what in (([(1, "/f"), (2, -1), (3, 9)], "offset"),
                          ([(1, "/f"), (2, 0), (3, -1)], "length")):
        refused(root, "getBlockLocations", message, "java.lang.IllegalArgumentException",
                f"Negative {what} is not supported. File: /f")


def test_leases_of_empty_files_are_recovered_at_once(root):
    root.create("/open", "writer")
    assert field(root.call("recoverLease", [(1, "/open"), (2, "other")]), 1) == 1
    assert field(root.call("isFileClosed", [(1, "/open")]), 1) == 1
    refused(root, "recoverLease", [(1, "/nope"), (2, "x")], NOT_FOUND, "File does not exist: /nope")


def test_access_is_checked_as_asked(root, bob):
    root.mkdirs("/mine", mode=0o750)
    assert root.call("checkAccess", [(1, "/mine"), (2, 7)]) == []
    owner = field(root.stat("/"), 5).decode()
    refused(bob, "checkAccess", [(1, "/mine"), (2, 4)], ACCESS,
            f"Permission denied: user=bob-of-nowhere, access=READ, inode=\"/mine\":{owner}"
            ":supergroup:drwxr-x---")
    refused(root, "checkAccess", [(1, "/nope"), (2, 4)], NOT_FOUND, "Path not found: /nope")


# ---- changes ----

def test_setting_nothing_leaves_everything(root):
    touch(root, "/f")
    before = root.stat("/f")
    root.call("setOwner", [(1, "/f")])
    root.call("setTimes", [(1, "/f"), (2, -1), (3, -1)])
    assert root.stat("/f") == before


def test_times_are_set_as_asked(root):
    touch(root, "/f")
    root.call("setTimes", [(1, "/f"), (2, 1234), (3, -1)])
    assert field(root.stat("/f"), 7) == 1234


def test_deletes_and_replications_of_nothing_are_false(root):
    root.mkdirs("/d")
    assert not root.delete("/nope", True)
    assert not root.delete("/", True)
    assert field(root.call("setReplication", [(1, "/d"), (2, 2)]), 1) == 0
    assert field(root.call("setReplication", [(1, "/nope"), (2, 2)]), 1) == 0


def test_a_recursive_delete_needs_rights_on_every_directory_below(root, bob):
    root.mkdirs("/open", mode=0o777)
    root.call("setPermission", [(1, "/open"), (2, [(1, 0o777)])])
    bob.mkdirs("/open/tree/leaf")
    root.mkdirs("/open/tree/leaf/roots/deep")
    with pytest.raises(hadoop_rpc.RemoteError) as caught:
        bob.delete("/open/tree", True)
    assert caught.value.java_class == ACCESS
    assert root.list("/open/tree/leaf/roots") == ["deep"]
    root.delete("/open/tree/leaf/roots", True)
    assert bob.delete("/open/tree", True)


def test_a_repeated_rename_gets_the_first_answer(root):
    touch(root, "/a")
    root.rename("/a", "/b", call_id=500)
    root.rename("/a", "/b", call_id=500, retry=1)
    refused(root, "rename2", [(1, "/a"), (2, "/b"), (3, False)], NOT_FOUND,
            "rename source /a is not found.")


# ---- who may ----

def test_methods_of_superusers_are_refused_to_others(root, bob):
    for method, message, what in [("getDatanodeReport", [(1, 1)], "datanodeReport"),
                                  ("setSafeMode", [(1, 2)], "safemode_enter"),
                                  ("setSafeMode", [(1, 1)], "safemode_leave")]:
        refused(bob, method, message, ACCESS, "Access denied for user bob-of-nowhere. Superuser "
                f"privilege is required for operation {what}")
    refused(bob, "transitionToActive", [(1, [(1, 0)])], ACCESS, "Access denied for user "
            "bob-of-nowhere. Superuser privilege is required for operation transitionToActive",
            protocol=HA_PROTOCOL)


def test_without_permissions_everybody_may_everything(make_cluster):
    cluster = make_cluster(**{"dfs.permissions.enabled": "false"})
    cluster.start_master()
    connection = hadoop_rpc.Connection(cluster.port, user="bob-of-nowhere")
    assert connection.mkdirs("/his")
    connection.call("setOwner", [(1, "/his"), (2, "alice")])


def test_groups_are_the_machines(root):
    user = os.environ.get("USER") or "root"
    groups = [value.decode() for _, value in root.call("getGroupsForUser", [(1, user)],
                                                       protocol=GROUPS_PROTOCOL)]
    assert groups == os.popen(f"id -Gn {user}").read().split()
    assert root.call("getGroupsForUser", [(1, "bob-of-nowhere")], protocol=GROUPS_PROTOCOL) == []


# ---- safe mode, roles ----

def test_safe_mode_refuses_changes_until_it_is_left(root, cluster):
    assert field(root.call("setSafeMode", [(1, 3)]), 1) == 0
    assert field(root.call("setSafeMode", [(1, 2)]), 1) == 1
    with pytest.raises(hadoop_rpc.RemoteError) as caught:
        root.mkdirs("/x")
    assert caught.value.java_class == "org.apache.hadoop.hdfs.server.namenode.SafeModeException"
    assert caught.value.text.startswith("Cannot create directory /x. Name node is in safe mode.")
    with pytest.raises(hadoop_rpc.RemoteError) as caught:
        root.call("renewLease", [(1, "w")])
    assert caught.value.text.startswith("Cannot renew lease for w. Name node is in safe mode.")
    assert root.stat("/") is not None
    cluster.master.kill()
    cluster.start_master()
    again = hadoop_rpc.Connection(cluster.port)
    assert field(again.call("setSafeMode", [(1, 3)]), 1) == 1
    assert field(again.call("setSafeMode", [(1, 1)]), 1) == 0
    assert again.mkdirs("/x")


def test_a_lone_master_is_active(root):
    assert field(root.call("getHAServiceState", []), 1) == 1
    status = root.call("getServiceStatus", [], protocol=HA_PROTOCOL)
    assert field(status, 1) == 1 and field(status, 2) == 1
    assert root.call("monitorHealth", [], protocol=HA_PROTOCOL) == []


@pytest.mark.parametrize("source,java_class", [
    (0, "org.apache.hadoop.security.AccessControlException"),  # by a user
    (1, "org.apache.hadoop.ha.ServiceFailedException"),        # by a user, forced
    (2, "org.apache.hadoop.ha.ServiceFailedException"),        # by a failover controller
])
def test_nobody_changes_a_role_by_hand(root, source, java_class):
    with pytest.raises(hadoop_rpc.RemoteError) as caught:
        root.call("transitionToStandby", [(1, [(1, source)])], protocol=HA_PROTOCOL)
    assert caught.value.java_class == java_class


def test_namenode_protocol_answers_tools(root):
    assert field(root.call("isUpgradeFinalized", [], protocol=NAMENODE_PROTOCOL), 1) == 1
    assert field(root.call("getTransactionId", [], protocol=NAMENODE_PROTOCOL), 1) >= 1
    keys = decode(field(root.call("getBlockKeys", [], protocol=NAMENODE_PROTOCOL), 1))
    assert [field(keys, n) for n in (1, 2, 3)] == [0, 0, 0]
    assert decode(field(keys, 4)) == [(1, 0), (2, 0), (3, b"")]


# ---- what is not served ----

def test_unknown_names_get_hadoops_answers(root):
    refused(root, "fooBar", [], "org.apache.hadoop.ipc.RpcNoSuchMethodException",
            "Unknown method fooBar called on org.apache.hadoop.hdfs.protocol.ClientProtocol "
            "protocol.")
    refused(root, "getFileInfo", [(1, "/")], "org.apache.hadoop.ipc.RpcNoSuchProtocolException",
            "Unknown protocol: org.foo.Bar", protocol="org.foo.Bar")
    assert root.stat("/") is not None  # the connection goes on


def test_what_is_not_supported_has_hdfs_class_and_text(root):
    unsupported = "java.lang.UnsupportedOperationException"
    refused(root, "createSymlink", [(1, "/a"), (2, "/b"), (3, [(1, 0o755)]), (4, False)],
            unsupported, "Symlinks not supported")
    refused(root, "append", [(1, "/a"), (2, "c")], unsupported, "append is not supported")
    refused(root, "getAclStatus", [(1, "/")], "org.apache.hadoop.hdfs.protocol.AclException",
            "The ACL operation has been rejected.  Support for ACLs has been disabled by setting "
            "dfs.namenode.acls.enabled to false.")
    refused(root, "listXAttrs", [(1, "/")], "java.io.IOException",
            "The XAttr operation has been rejected.  Support for XAttrs has been disabled by "
            "setting dfs.namenode.xattrs.enabled to false.")


def test_requests_that_make_no_sense_are_refused_and_the_connection_goes_on(root):
    for method in ("getFileInfo", "mkdirs", "getContentSummary", "setOwner", "addBlock"):
        with pytest.raises(hadoop_rpc.RemoteError) as caught:
            root.call(method, [])
        assert caught.value.java_class == (
            "org.apache.hadoop.thirdparty.protobuf.InvalidProtocolBufferException"), method
    assert root.stat("/") is not None


# ---- /.reserved ----

DIRECTORY = 1
NOWHERE = NONE  # the number of what has none


def test_reserved_is_shown_with_what_is_in_it(root):
    for method in ("getFileInfo", "getFileLinkInfo", "getLocatedFileInfo"):
        for path in ("/.reserved", "/.reserved/"):
            status = decode(field(root.call(method, [(1, path)]), 1))
            assert field(status, 1) == DIRECTORY and decode(field(status, 4)) == [(1, 0o1770)]
            assert field(status, 5) == field(status, 6) == b"" and field(status, 13) == NOWHERE
    found = decode(field(root.call("getListing", [(1, "/.reserved"), (2, b""), (3, False)]), 1))
    entries = [decode(value) for number, value in found if number == 1]
    assert [field(entry, 2) for entry in entries] == [b".inodes", b"raw"]
    for entry in entries:
        assert decode(field(entry, 4)) == [(1, 0o770)] and field(entry, 6) == b"supergroup"
        assert field(entry, 13) == NOWHERE and field(entry, 7) == field(entry, 8) > 0


def test_a_number_that_no_file_has_is_an_error(root):
    missing = "File for given inode path does not exist: /.reserved/.inodes/99999999"
    odd = "Invalid inode path: /.reserved/.inodes/abc"
    for name, text in (("99999999", missing), ("abc", odd)):
        path = f"/.reserved/.inodes/{name}"
        for method in ("getFileInfo", "getFileLinkInfo", "getLocatedFileInfo", "isFileClosed",
                       "getPreferredBlockSize", "getContentSummary", "getStoragePolicy"):
            refused(root, method, [(1, path)], NOT_FOUND, text)
        refused(root, "getListing", [(1, path), (2, b""), (3, False)], NOT_FOUND, text)
    assert root.call("getFileInfo", [(1, "/.reserved/raw/nope")]) == []


def test_paths_that_are_not_absolute_have_hdfs_classes(root):
    assertion = "java.lang.AssertionError"
    for path in ("", "m"):
        text = f"Absolute path required, but got '{path}'"
        refused(root, "getFileInfo", [(1, path)], assertion, text)
        refused(root, "delete", [(1, path), (2, False)], assertion, text)
        refused(root, "getListing", [(1, path), (2, b""), (3, False)], assertion, text)
    for method, message in (("mkdirs", [(1, ""), (2, [(1, 0o755)]), (3, True)]),
                            ("rename", [(1, "/x"), (2, "")])):
        refused(root, method, message, "java.lang.IllegalArgumentException",
                "Can not create a Path from an empty string")


# ---- what there is none of ----

def superuser_only(bob, method, message, operation):
    refused(bob, method, message, ACCESS, "Access denied for user bob-of-nowhere. Superuser "
            f"privilege is required for operation {operation}")


def test_lists_of_what_is_not_there_are_empty(root, bob):
    for method, message in (("listCacheDirectives", [(1, 0), (2, [])]), ("listCachePools", [(1, "")])):
        for caller in (root, bob):
            assert caller.call(method, message) == [(2, 0)]
    for method in ("listEncryptionZones", "listReencryptionStatus"):
        assert root.call(method, [(1, 0)]) == [(2, 0)]
        superuser_only(bob, method, [(1, 0)], method)
    assert root.call("getSnapshottableDirListing", []) == []
    assert root.call("getSlowDatanodeReport", []) == []
    assert root.call("rollingUpgrade", [(1, 1)]) == []
    assert root.call("finalizeUpgrade", []) == []
    assert root.call("restoreFailedStorage", [(1, "check")]) == [(1, 0)]
    superuser_only(bob, "rollingUpgrade", [(1, 1)], "queryRollingUpgrade")
    superuser_only(bob, "finalizeUpgrade", [], "finalizeUpgrade")
    superuser_only(bob, "restoreFailedStorage", [(1, "check")], "checkRestoreFailedStorage")


def test_a_path_says_that_it_has_no_such_feature(root, bob):
    root.mkdirs("/p/closed", mode=0o755)
    touch(root, "/p/f")
    root.call("setPermission", [(1, "/p/closed"), (2, [(1, 0o700)])])
    denied = ('Permission denied: user=bob-of-nowhere, access=READ, '
              'inode="/p/closed":root:supergroup:drwx------')
    for method in ("getErasureCodingPolicy", "getEZForPath"):
        assert root.call(method, [(1, "/p/f")]) == []
        refused(bob, method, [(1, "/p/closed")], ACCESS, denied)
    refused(root, "getErasureCodingPolicy", [(1, "/nope")], NOT_FOUND, "Path not found: /nope")
    assert root.call("getEZForPath", [(1, "/nope")]) == []
    refused(bob, "getStoragePolicy", [(1, "/p/closed")], ACCESS, denied)
    refused(root, "getQuotaUsage", [(1, "/nope")], NOT_FOUND, "File/Directory does not exist: /nope")


def test_a_storage_policy_is_the_chosen_one_or_hot(root):
    root.mkdirs("/p")
    touch(root, "/p/f")
    root.call("create", [(1, "/p/cold"), (2, [(1, 0o644)]), (3, "toucher"), (4, 1), (5, True), (6, 1),
                         (7, 1 << 27), (11, "COLD")])
    for path, name, policy_id in (("/p", b"HOT", 7), ("/p/f", b"HOT", 7), ("/p/cold", b"COLD", 2)):
        policy = decode(field(root.call("getStoragePolicy", [(1, path)]), 1))
        assert (field(policy, 1), field(policy, 2)) == (policy_id, name)
    refused(root, "getStoragePolicy", [(1, "/nope")], NOT_FOUND,
            "File/Directory does not exist: /nope")


def test_open_files_are_listed_by_number_below_a_path(root, bob):
    ids = [field(root.create(f"/o/{name}", "writer", parents=True), 13) for name in "cab"]
    root.create("/elsewhere", "writer")
    touch(root, "/o/closed")

    def listed(after, path, kind=1):
        answer = root.call("listOpenFiles", [(1, after), (2, kind), (3, path)])
        assert field(answer, 2) == 0 and field(answer, 3) == kind
        return [decode(value) for number, value in answer if number == 1]

    found = listed(0, "/o")
    assert [field(entry, 1) for entry in found] == ids
    assert [field(entry, 2) for entry in found] == [b"/o/c", b"/o/a", b"/o/b"]
    assert {(field(e, 3), field(e, 4)) for e in found} == {(b"writer", b"127.0.0.1")}
    assert [field(entry, 1) for entry in listed(ids[0], "/o")] == ids[1:]
    assert len(listed(0, "/")) == 4
    assert listed(0, "/", kind=2) == []     # none keeps a worker from being decommissioned
    superuser_only(bob, "listOpenFiles", [(1, 0), (2, 1), (3, "/")], "listOpenFiles")


def test_a_long_list_of_open_files_comes_in_pieces(root):
    for i in range(1003):
        root.create(f"/o/{i}", "writer", parents=True)
    first = root.call("listOpenFiles", [(1, 0), (2, 1), (3, "/")])
    entries = [decode(value) for number, value in first if number == 1]
    assert len(entries) == 1000 and field(first, 2) == 1
    last = root.call("listOpenFiles", [(1, field(entries[-1], 1)), (2, 1), (3, "/")])
    assert len([1 for number, _ in last if number == 1]) == 3 and field(last, 2) == 0


def test_damaged_files_and_the_last_index_are_for_superusers(root, bob):
    assert root.call("listCorruptFileBlocks", [(1, "/")]) == [(1, b"\x12\x010")]
    assert root.call("listCorruptFileBlocks", [(1, "/"), (2, "7")]) == [(1, b"\x12\x017")]
    superuser_only(bob, "listCorruptFileBlocks", [(1, "/")], "listCorruptFileBlocks")
    before = field(root.call("getCurrentEditLogTxid", []), 1)
    root.mkdirs("/one-more")
    assert field(root.call("getCurrentEditLogTxid", []), 1) > before
    superuser_only(bob, "getCurrentEditLogTxid", [], "getCurrentEditLogTxid")


# ---- every method of ClientProtocol ----

NOT_SERVED = """
    append concat truncate getAdditionalDatanode updatePipeline getBatchedListing setQuota
    setStoragePolicy unsetStoragePolicy satisfyStoragePolicy saveNamespace rollEdits refreshNodes
    metaSave setBalancerBandwidth createSymlink getLinkTarget renewDelegationToken
    cancelDelegationToken getEditsFromTxid allowSnapshot disallowSnapshot addCacheDirective
    modifyCacheDirective removeCacheDirective addCachePool modifyCachePool removeCachePool
    createEncryptionZone reencryptEncryptionZone setErasureCodingPolicy unsetErasureCodingPolicy
    getECTopologyResultForPolicies addErasureCodingPolicies removeErasureCodingPolicy
    enableErasureCodingPolicy disableErasureCodingPolicy""".split()
SWITCHED_OFF = {
    "java.io.IOException": "setXAttr getXAttrs listXAttrs removeXAttr",
    "org.apache.hadoop.hdfs.protocol.AclException":
        "modifyAclEntries removeAclEntries removeDefaultAcl removeAcl setAcl getAclStatus",
    "org.apache.hadoop.hdfs.protocol.SnapshotException":
        "createSnapshot deleteSnapshot renameSnapshot getSnapshotListing getSnapshotDiffReport "
        "getSnapshotDiffReportListing",
}


def test_what_is_not_served_is_refused_and_the_connection_goes_on(root):
    classes = {name: "java.lang.UnsupportedOperationException" for name in NOT_SERVED}
    classes.update((name, java_class) for java_class, names in SWITCHED_OFF.items()
                   for name in names.split())
    for name, java_class in classes.items():
        with pytest.raises(hadoop_rpc.RemoteError) as caught:
            root.call(name, [(1, "/p")])
        assert caught.value.java_class == java_class and caught.value.text
        assert root.stat("/") is not None
