/* SPDX-License-Identifier: Apache-2.0 */
#include "service/policies.h"

#include <strings.h>

#include "base/check.h"
#include "proto/hdfs.pb-c.h"

enum {
	DISK = HDFS__STORAGE_TYPE__DISK,
	SSD = HDFS__STORAGE_TYPE__SSD,
	ARCHIVE = HDFS__STORAGE_TYPE__ARCHIVE,
	RAM_DISK = HDFS__STORAGE_TYPE__RAM_DISK,
	PROVIDED = HDFS__STORAGE_TYPE__PROVIDED,
	NVDIMM = HDFS__STORAGE_TYPE__NVDIMM,
};

static const struct policy table[] = {
        {1, STR("PROVIDED"), {{PROVIDED, DISK}}, {{PROVIDED, DISK}}, {{PROVIDED, DISK}}},
        {2, STR("COLD"), {{ARCHIVE}}, {{0}}, {{0}}},
        {5, STR("WARM"), {{DISK, ARCHIVE}}, {{DISK, ARCHIVE}}, {{DISK, ARCHIVE}}},
        {POLICY_DEFAULT, STR("HOT"), {{DISK}}, {{0}}, {{ARCHIVE}}},
        {10, STR("ONE_SSD"), {{SSD, DISK}}, {{SSD, DISK}}, {{SSD, DISK}}},
        {12, STR("ALL_SSD"), {{SSD}}, {{DISK}}, {{DISK}}},
        {14, STR("ALL_NVDIMM"), {{NVDIMM}}, {{DISK}}, {{DISK}}},
        {POLICY_LAZY_PERSIST, STR("LAZY_PERSIST"), {{RAM_DISK, DISK}}, {{DISK}}, {{DISK}}},
};

const struct policy *policies(size_t *ret_count)
{
	*ret_count = COUNT_OF(table);
	return table;
}

bool policy_find(struct str name, uint8_t *ret_id)
{
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		if (table[i].name.size == name.size &&
		    strncasecmp(table[i].name.data, name.data, name.size) == 0) {
			*ret_id = table[i].id;
			return true;
		}
	}
	return false;
}
