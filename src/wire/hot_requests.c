/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/hot_requests.h"

#include "proto/client.pb-c.h"
#include "wire/kinds_private.h"

WIRE_CODEC(get_file_info, WIRE_GET_FILE_INFO, hdfs__get_file_info_request__descriptor)
WIRE_CODEC(get_listing, WIRE_GET_LISTING, hdfs__get_listing_request__descriptor)
WIRE_CODEC(get_block_locations, WIRE_GET_BLOCK_LOCATIONS,
           hdfs__get_block_locations_request__descriptor)
WIRE_CODEC(mkdirs, WIRE_MKDIRS, hdfs__mkdirs_request__descriptor)
WIRE_CODEC(rename, WIRE_RENAME, hdfs__rename_request__descriptor)
WIRE_CODEC(rename2, WIRE_RENAME2, hdfs__rename2_request__descriptor)
WIRE_CODEC(delete, WIRE_DELETE, hdfs__delete_request__descriptor)
WIRE_CODEC(create, WIRE_CREATE, hdfs__create_request__descriptor)
WIRE_CODEC(add_block, WIRE_ADD_BLOCK, hdfs__add_block_request__descriptor)
WIRE_CODEC(complete, WIRE_COMPLETE, hdfs__complete_request__descriptor)
