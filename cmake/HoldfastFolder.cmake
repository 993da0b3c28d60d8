# SPDX-License-Identifier: Apache-2.0
# One static library for each folder of src/.

set(HOLDFAST_FOLDERS "" CACHE INTERNAL "")

# holdfast_folder(name DEPS folder-or-target...): library of src/<name>/*.c, publicly using DEPS.
# src/<name>/generate.cmake, where it exists, may add generated sources to GENERATED.
function(holdfast_folder name)
	cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
	file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.c)
	set(GENERATED "")
	set(GENERATED_INCLUDE "")
	if(EXISTS ${CMAKE_SOURCE_DIR}/src/${name}/generate.cmake)
		include(${CMAKE_SOURCE_DIR}/src/${name}/generate.cmake)
	endif()
	if(sources OR GENERATED)
		add_library(${name} STATIC ${sources} ${GENERATED})
		target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${GENERATED_INCLUDE})
		target_link_libraries(${name} PUBLIC ${ARG_DEPS})
		set_property(GLOBAL APPEND PROPERTY HOLDFAST_BUILT ${name})
		set_property(GLOBAL PROPERTY HOLDFAST_DEPS_${name} ${ARG_DEPS})
	else()
		add_library(${name} INTERFACE)
		target_include_directories(${name} INTERFACE ${CMAKE_SOURCE_DIR}/src)
		target_link_libraries(${name} INTERFACE ${ARG_DEPS})
	endif()
endfunction()

# holdfast_program(name SOURCES file... DEPS folder...): a binary over these folders.
function(holdfast_program name)
	cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
	add_executable(${name} ${ARG_SOURCES})
	target_compile_definitions(${name} PRIVATE HOLDFAST_VERSION="${PROJECT_VERSION}")
	target_link_libraries(${name} PRIVATE ${ARG_DEPS})
endfunction()

# Target linkrules: every folder's objects, linked whole with nothing but what it may use.
function(holdfast_link_rules)
	get_property(built GLOBAL PROPERTY HOLDFAST_BUILT)
	add_custom_target(linkrules)
	if(HOLDFAST_FUZZ OR HOLDFAST_COVERAGE)
		return()
	endif()
	foreach(name ${built})
		get_property(deps GLOBAL PROPERTY HOLDFAST_DEPS_${name})
		add_library(linkrule_${name} MODULE EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/cmake/empty.c)
		target_link_libraries(linkrule_${name} PRIVATE
			-Wl,--no-undefined -Wl,--whole-archive $<TARGET_FILE:${name}>
			-Wl,--no-whole-archive ${deps})
		add_dependencies(linkrule_${name} ${name})
		add_dependencies(linkrules linkrule_${name})
	endforeach()
endfunction()
