# cmake -DMODE=format|format-check -DCLANG_FORMAT=... -P run_clang_format.cmake
# The sources are looked for when it runs, so a new file needs no configuring.
get_filename_component(root "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)
if(NOT CLANG_FORMAT)
  message(FATAL_ERROR "clang-format-14 is missing: apt-get install clang-format-14")
endif()

foreach(folder IN ITEMS
    operators checkpoint scaling actors tools tests examples bench docs)
  file(GLOB_RECURSE found RELATIVE "${root}"
    "${root}/${folder}/*.cpp" "${root}/${folder}/*.hpp"
    "${root}/${folder}/*.inc")
  list(APPEND sources ${found})
endforeach()
if(NOT sources)
  return()
endif()

set(arguments -i)
if(MODE STREQUAL "format-check")
  set(arguments --dry-run --Werror)
endif()
execute_process(COMMAND "${CLANG_FORMAT}" ${arguments} ${sources}
  WORKING_DIRECTORY "${root}" RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "Not formatted. "
    "Run: cmake --build build/release --target format")
endif()
