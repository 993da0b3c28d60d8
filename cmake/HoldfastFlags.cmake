# SPDX-License-Identifier: Apache-2.0
# Compiler flags of every target: C17, all warnings are errors, assertions stay on.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")

set(HOLDFAST_SANITIZE "" CACHE STRING "sanitizers, comma separated")
option(HOLDFAST_FUZZ "build the libFuzzer targets" OFF)
option(HOLDFAST_COVERAGE "instrument for coverage" OFF)

add_compile_options(-Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
	-Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 -Wno-missing-field-initializers
	-fno-strict-aliasing -fno-common -msse4.2)
add_compile_definitions(_GNU_SOURCE)

if(HOLDFAST_SANITIZE)
	add_compile_options(-fsanitize=${HOLDFAST_SANITIZE} -fno-omit-frame-pointer -O1
		-fno-sanitize-recover=all)
	add_link_options(-fsanitize=${HOLDFAST_SANITIZE})
endif()
if(HOLDFAST_FUZZ)
	add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(HOLDFAST_COVERAGE)
	add_compile_options(--coverage)
	add_link_options(--coverage)
endif()
