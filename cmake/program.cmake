# program(<name> <main.cpp> <target>...)
#
# A program of the project: built with its warnings, installed, and part of the
# target `programs`.
function(program name source)
  add_executable(${name} "${source}")
  target_link_libraries(${name} PRIVATE ${ARGN})
  target_compile_options(${name} PRIVATE ${BRAID_WARNINGS})
  add_dependencies(programs ${name})
  install(TARGETS ${name} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endfunction()
