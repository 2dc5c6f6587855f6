# braid_add_topology(<name> <source>...)
#
# Builds the plug-in <name>.so, which a node loads to run the topology that the
# sources declare with BRAID_TOPOLOGY. Used by the examples and, once Braid is
# installed, by anybody's project after `find_package(braid)`.
function(braid_add_topology name)
  if(NOT ARGN)
    message(FATAL_ERROR "braid_add_topology(${name}): name the sources, for "
      "example braid_add_topology(${name} ${name}.cpp)")
  endif()
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE braid::operators)
  set_target_properties(${name} PROPERTIES PREFIX "")
  # Without a build type CMake would not optimise, and an operator's loops are
  # inlined into the plug-in.
  target_compile_options(${name} PRIVATE "$<$<CONFIG:>:-O2>")

  # The functions that a node looks up in the plug-in. They are compiled into
  # each plug-in rather than into the library, so that a node can tell a
  # plug-in built against other headers.
  set(entry "operators/plugin_entry.inc")
  foreach(folder IN ITEMS "${BRAID_INCLUDE_DIR}" "${braid_SOURCE_DIR}")
    if(folder AND EXISTS "${folder}/${entry}")
      set(source "${CMAKE_CURRENT_BINARY_DIR}/${name}_plugin_entry.cpp")
      file(CONFIGURE OUTPUT "${source}" CONTENT "#include \"${entry}\"\n")
      target_sources(${name} PRIVATE "${source}")
      break()
    endif()
  endforeach()
endfunction()
