# layer(<folder> <target>...)
#
# Makes a folder the shared library braid_<folder>, alias braid::<folder>. Its
# headers are reachable only through an include root of its own, so
# `#include "scaling/..."` compiles only in targets that link braid::scaling.
# Shared, so that a plug-in and the program that loads it use one copy.
# Files named *_main.cpp are programs of the folder, not part of its library.
set(BRAID_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Werror)

function(layer name)
  set(root "${PROJECT_BINARY_DIR}/include/${name}")
  file(MAKE_DIRECTORY "${root}")
  file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${name}" "${root}/${name}" SYMBOLIC)
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${name}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "_main\\.cpp$")
  if(sources)
    add_library(braid_${name} SHARED ${sources})
    target_include_directories(braid_${name} PUBLIC "$<BUILD_INTERFACE:${root}>")
    target_link_libraries(braid_${name} PUBLIC ${ARGN})
    target_compile_options(braid_${name} PRIVATE ${BRAID_WARNINGS})
  else()
    add_library(braid_${name} INTERFACE)
    target_include_directories(braid_${name} INTERFACE "$<BUILD_INTERFACE:${root}>")
    target_link_libraries(braid_${name} INTERFACE ${ARGN})
  endif()
  add_library(braid::${name} ALIAS braid_${name})
endfunction()
