# Every package the build needs, with the Debian package that brings it, so that a missing one is one clear line.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(terza_package target module debian)
  pkg_check_modules(${target} IMPORTED_TARGET ${module})
  if(NOT ${target}_FOUND)
    message(FATAL_ERROR "${module} was not found. Install the Debian package ${debian} (./dev build does so).")
  endif()
endfunction()
terza_package(JEMALLOC jemalloc libjemalloc-dev)
terza_package(LIBUNWIND libunwind libunwind-dev)
terza_package(PCRE2 libpcre2-8 libpcre2-dev)
terza_package(CRITERION criterion libcriterion-dev)

find_path(LLVM_INCLUDE_DIR llvm-c/Core.h PATHS /usr/lib/llvm-19/include NO_DEFAULT_PATH)
if(NOT LLVM_INCLUDE_DIR)
  message(FATAL_ERROR "LLVM 19's C headers were not found. Install the Debian package llvm-19-dev (./dev build does so).")
endif()
