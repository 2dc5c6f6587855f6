# layer(<folder> <target>... [PRIVATE <target>...])
#
# Makes a folder the shared library braid_<folder>, alias braid::<folder>. Its
# headers are reachable only through an include root of its own, so
# `#include "scaling/..."` compiles only in targets that link braid::scaling.
# Shared, so that a plug-in and the program that loads it use one copy.
# Files named *_main.cpp are programs of the folder, not part of its library.
# A folder without sources is a header-only library.
#
# PRIVATE targets are used by sources only.
include(tidy)

# g++ 12 raises the last three falsely on strings, depending on what it inlines.
set(BRAID_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Werror
  -Wno-error=array-bounds -Wno-error=restrict -Wno-error=stringop-overflow
  -Wno-error=free-nonheap-object)

# compile_together(<target> <sources>): several sources at once, if the build is
# to (BRAID_UNITY_BATCH). Actors' sources have a `self_pointer` each, and those
# of tools are many small programs in one folder: they are compiled alone.
function(compile_together target sources)
  if(NOT BRAID_UNITY_BATCH OR target STREQUAL "braid_tools")
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON
    UNITY_BUILD_BATCH_SIZE ${BRAID_UNITY_BATCH})
  # What is a source of its own has types of its own.
  target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  foreach(source IN LISTS sources)
    file(STRINGS "${source}" own REGEX "^using self_pointer")
    if(own)
      set_source_files_properties("${source}" PROPERTIES
        SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
  endforeach()
endfunction()

function(layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "PRIVATE")
  set(target braid_${name})
  set(root "${PROJECT_BINARY_DIR}/include/${name}")
  file(MAKE_DIRECTORY "${root}")
  file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${name}" "${root}/${name}" SYMBOLIC)
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${name}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "_main\\.cpp$")
  file(GLOB headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${name}/*.hpp")
  list(TRANSFORM headers REPLACE "^${PROJECT_SOURCE_DIR}" "${root}")

  set(access INTERFACE)
  if(sources)
    set(access PUBLIC)
    add_library(${target} SHARED ${sources})
    target_link_libraries(${target} PRIVATE ${arg_PRIVATE})
    target_compile_options(${target} PRIVATE ${BRAID_WARNINGS})
    compile_together(${target} "${sources}")
    set_target_properties(${target} PROPERTIES VERSION ${PROJECT_VERSION}
      SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  else()
    add_library(${target} INTERFACE)
  endif()
  target_sources(${target} ${access}
    FILE_SET HEADERS BASE_DIRS "${root}" FILES ${headers})
  target_compile_features(${target} ${access} cxx_std_20)
  target_link_libraries(${target} ${access} ${arg_UNPARSED_ARGUMENTS})
  # Compiles every header alone; target all_verify_interface_header_sets.
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS ON)
  add_library(braid::${name} ALIAS ${target})
  add_dependencies(programs ${target})
  set_property(GLOBAL APPEND PROPERTY BRAID_LAYERS ${name})
  tidy_layer(${name})
endfunction()
