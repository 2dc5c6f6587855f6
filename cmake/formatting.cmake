# The targets `format`, which rewrites all sources, and `format-check`, which
# fails where that would change something.
find_program(CLANG_FORMAT NAMES clang-format-14 clang-format)

foreach(mode IN ITEMS format format-check)
  add_custom_target(${mode}
    COMMAND "${CMAKE_COMMAND}" "-DMODE=${mode}" "-DCLANG_FORMAT=${CLANG_FORMAT}"
      -P "${PROJECT_SOURCE_DIR}/cmake/run_clang_format.cmake"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" VERBATIM)
endforeach()
