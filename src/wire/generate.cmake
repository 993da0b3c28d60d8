# SPDX-License-Identifier: Apache-2.0
# Makes proto/<name>.pb-c.[ch] from proto/<name>.proto, in the build folder.  Included by
# holdfast_folder(wire), which compiles GENERATED and offers GENERATED_INCLUDE.

find_program(PROTOC_C protoc-c REQUIRED)
set(GENERATED_INCLUDE ${CMAKE_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${GENERATED_INCLUDE})
file(GLOB protos CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/proto/*.proto)
foreach(proto ${protos})
	get_filename_component(stem ${proto} NAME_WE)
	set(made ${GENERATED_INCLUDE}/proto/${stem}.pb-c)
	# Messages embed those of other files, so every file depends on all.
	add_custom_command(OUTPUT ${made}.c ${made}.h
		COMMAND ${PROTOC_C} -I${CMAKE_SOURCE_DIR} --c_out=${GENERATED_INCLUDE}
			proto/${stem}.proto
		WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
		DEPENDS ${protos} VERBATIM)
	list(APPEND GENERATED ${made}.c)
endforeach()
# Warnings are for what we wrote.
set_source_files_properties(${GENERATED} PROPERTIES COMPILE_OPTIONS -w)
