# The one place that knows the compiler: clang 19, because the interpreter needs musttail and preserve_none.
if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang" OR CMAKE_C_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "Terza is built with clang 19 or later (found ${CMAKE_C_COMPILER_ID} "
    "${CMAKE_C_COMPILER_VERSION}).\nRun ./dev build, which installs and selects it, or pass -DCMAKE_C_COMPILER=clang-19.")
endif()

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

set(TERZA_SANITIZE "" CACHE STRING "Sanitizers to build with, as for -fsanitize=")
option(TERZA_STRESS "Collect and switch tiers at every opportunity by default" OFF)
option(TERZA_COVERAGE "Instrument for source coverage" OFF)

add_compile_options(-Wall -Wextra -Wundef -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
  -fno-strict-aliasing -fwrapv -fno-math-errno -fno-omit-frame-pointer)
add_compile_definitions(_GNU_SOURCE TERZA_STRESS=$<BOOL:${TERZA_STRESS}>)
if(TERZA_SANITIZE)
  add_compile_options(-fsanitize=${TERZA_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TERZA_SANITIZE})
endif()
if(TERZA_COVERAGE)
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate)
endif()

# terza_library(NAME SOURCES a.c b.c [USES other ...]): a folder is a target; include/ is its public face, src/ private.
function(terza_library name)
  cmake_parse_arguments(A "" "" "SOURCES;USES" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  target_include_directories(${name} PUBLIC include PRIVATE src)
  target_link_libraries(${name} PUBLIC ${A_USES})
endfunction()
