/* SPDX-License-Identifier: Apache-2.0 */
#include "service/methods.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/err.h"
#include "wire/protocols.h"

/* ClientProtocol of Hadoop 3.4, in its order; A: @AtMostOnce. */
static const struct {
	const char *name;
	char retry;
} hadoop[] = {
        {"getBlockLocations", 'I'},
        {"getServerDefaults", 'I'},
        {"create", 'A'},
        {"append", 'A'},
        {"setReplication", 'I'},
        {"setStoragePolicy", 'I'},
        {"unsetStoragePolicy", 'I'},
        {"getStoragePolicy", 'I'},
        {"getStoragePolicies", 'I'},
        {"setPermission", 'I'},
        {"setOwner", 'I'},
        {"abandonBlock", 'I'},
        {"addBlock", 'I'},
        {"getAdditionalDatanode", 'I'},
        {"complete", 'I'},
        {"reportBadBlocks", 'I'},
        {"concat", 'A'},
        {"truncate", 'I'},
        {"rename", 'A'},
        {"rename2", 'A'},
        {"delete", 'A'},
        {"mkdirs", 'I'},
        {"getListing", 'I'},
        {"getBatchedListing", 'I'},
        {"renewLease", 'I'},
        {"recoverLease", 'I'},
        {"getFsStats", 'I'},
        {"getFsReplicatedBlockStats", 'I'},
        {"getFsECBlockGroupStats", 'I'},
        {"getDatanodeReport", 'I'},
        {"getDatanodeStorageReport", 'I'},
        {"getPreferredBlockSize", 'I'},
        {"setSafeMode", 'I'},
        {"saveNamespace", 'A'},
        {"rollEdits", 'I'},
        {"restoreFailedStorage", 'I'},
        {"refreshNodes", 'I'},
        {"finalizeUpgrade", 'I'},
        {"upgradeStatus", 'I'},
        {"rollingUpgrade", 'I'},
        {"listCorruptFileBlocks", 'I'},
        {"metaSave", 'I'},
        {"getFileInfo", 'I'},
        {"getLocatedFileInfo", 'I'},
        {"addCacheDirective", 'A'},
        {"modifyCacheDirective", 'A'},
        {"removeCacheDirective", 'A'},
        {"listCacheDirectives", 'I'},
        {"addCachePool", 'A'},
        {"modifyCachePool", 'A'},
        {"removeCachePool", 'A'},
        {"listCachePools", 'I'},
        {"getFileLinkInfo", 'I'},
        {"getContentSummary", 'I'},
        {"setQuota", 'I'},
        {"fsync", 'I'},
        {"setTimes", 'I'},
        {"createSymlink", 'A'},
        {"getLinkTarget", 'I'},
        {"updateBlockForPipeline", 'I'},
        {"updatePipeline", 'A'},
        {"getDelegationToken", 'I'},
        {"renewDelegationToken", 'I'},
        {"cancelDelegationToken", 'I'},
        {"setBalancerBandwidth", 'I'},
        {"getDataEncryptionKey", 'I'},
        {"createSnapshot", 'A'},
        {"renameSnapshot", 'A'},
        {"allowSnapshot", 'I'},
        {"disallowSnapshot", 'I'},
        {"getSnapshottableDirListing", 'I'},
        {"getSnapshotListing", 'I'},
        {"deleteSnapshot", 'A'},
        {"getSnapshotDiffReport", 'I'},
        {"getSnapshotDiffReportListing", 'I'},
        {"isFileClosed", 'I'},
        {"modifyAclEntries", 'I'},
        {"removeAclEntries", 'I'},
        {"removeDefaultAcl", 'I'},
        {"removeAcl", 'I'},
        {"setAcl", 'I'},
        {"getAclStatus", 'I'},
        {"setXAttr", 'A'},
        {"getXAttrs", 'I'},
        {"listXAttrs", 'I'},
        {"removeXAttr", 'A'},
        {"checkAccess", 'I'},
        {"createEncryptionZone", 'A'},
        {"listEncryptionZones", 'I'},
        {"reencryptEncryptionZone", 'A'},
        {"listReencryptionStatus", 'I'},
        {"getEZForPath", 'I'},
        {"setErasureCodingPolicy", 'A'},
        {"unsetErasureCodingPolicy", 'A'},
        {"getECTopologyResultForPolicies", 'I'},
        {"getCurrentEditLogTxid", 'I'},
        {"getEditsFromTxid", 'I'},
        {"getErasureCodingPolicies", 'I'},
        {"addErasureCodingPolicies", 'A'},
        {"removeErasureCodingPolicy", 'A'},
        {"enableErasureCodingPolicy", 'A'},
        {"disableErasureCodingPolicy", 'A'},
        {"getErasureCodingPolicy", 'I'},
        {"getErasureCodingCodecs", 'I'},
        {"getQuotaUsage", 'I'},
        {"listOpenFiles", 'I'},
        {"msync", 'I'},
        {"satisfyStoragePolicy", 'A'},
        {"getHAServiceState", 'I'},
        {"getSlowDatanodeReport", 'I'},
};

static int setup(void **state)
{
	*state = methods_create();
	return *state == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	methods_destroy(*state);
	return 0;
}

static void every_method_of_hadoops_client_protocol_is_known(void **state)
{
	for (size_t i = 0; i < COUNT_OF(hadoop); i++) {
		const struct method *method = NULL;

		assert_int_equal(methods_find(*state, STR(WIRE_CLIENT_PROTOCOL),
		                              str_of(hadoop[i].name), &method),
		                 0);
		assert_true(str_equal(method->name, str_of(hadoop[i].name)));
	}
}

static void exactly_hadoops_at_most_once_methods_are_such(void **state)
{
	for (size_t i = 0; i < COUNT_OF(hadoop); i++) {
		const struct method *method = NULL;

		assert_int_equal(methods_find(*state, STR(WIRE_CLIENT_PROTOCOL),
		                              str_of(hadoop[i].name), &method),
		                 0);
		if (method->kind != METHOD_ABSENT)
			assert_int_equal(method->is_at_most_once, hadoop[i].retry == 'A');
	}
}

static void a_method_belongs_to_its_protocol(void **state)
{
	const struct method *method = NULL;

	assert_int_equal(methods_find(*state, STR(WIRE_HA_PROTOCOL), STR("monitorHealth"), &method),
	                 0);
	assert_int_equal(
	        methods_find(*state, STR(WIRE_CLIENT_PROTOCOL), STR("monitorHealth"), &method),
	        -ERR_NO_METHOD);
	assert_int_equal(methods_find(*state, STR(WIRE_HA_PROTOCOL), STR("getFileInfo"), &method),
	                 -ERR_NO_METHOD);
}

static void unknown_names_are_told_apart(void **state)
{
	const struct method *method = NULL;

	assert_int_equal(methods_find(*state, STR("org.example.Protocol"), STR("x"), &method),
	                 -ERR_NO_PROTOCOL);
	assert_int_equal(methods_find(*state, STR(WIRE_CLIENT_PROTOCOL), STR(""), &method),
	                 -ERR_NO_METHOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	        TEST(every_method_of_hadoops_client_protocol_is_known),
	        TEST(exactly_hadoops_at_most_once_methods_are_such),
	        TEST(a_method_belongs_to_its_protocol),
	        TEST(unknown_names_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
