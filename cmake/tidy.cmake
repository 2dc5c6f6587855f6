# The target `tidy`: clang-tidy over the sources of the layers, and over the
# headers that have no source beside them.
#
# One build step a file, so ninja runs them in parallel and repeats only what
# changed. The flags are given explicitly: g++'s precompiled headers, which the
# compile database names, are unreadable to clang.
find_program(CLANG_TIDY NAMES clang-tidy-14 clang-tidy)
add_custom_target(tidy)

# Every layer depends on the headers of those declared before it.
function(tidy_layer name)
  if(NOT CLANG_TIDY)
    return()
  endif()
  file(GLOB headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${name}/*.hpp")
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${name}/*.cpp")
  set_property(GLOBAL APPEND PROPERTY BRAID_HEADERS ${headers})
  get_property(dependencies GLOBAL PROPERTY BRAID_HEADERS)
  foreach(header IN LISTS headers)
    string(REGEX REPLACE "hpp$" "cpp" source "${header}")
    if(NOT source IN_LIST sources)
      list(APPEND sources "${header}")
    endif()
  endforeach()

  set(scope "INTERFACE_")
  get_target_property(type braid_${name} TYPE)
  if(NOT type STREQUAL "INTERFACE_LIBRARY")
    set(scope "")
  endif()
  set(folders "$<TARGET_PROPERTY:braid_${name},${scope}INCLUDE_DIRECTORIES>")
  set(macros "$<TARGET_PROPERTY:braid_${name},${scope}COMPILE_DEFINITIONS>")
  foreach(source IN LISTS sources)
    file(RELATIVE_PATH path "${PROJECT_SOURCE_DIR}" "${source}")
    set(stamp "${PROJECT_BINARY_DIR}/tidy/${path}.stamp")
    get_filename_component(folder "${stamp}" DIRECTORY)
    file(MAKE_DIRECTORY "${folder}")
    add_custom_command(OUTPUT "${stamp}"
      COMMAND "${CLANG_TIDY}" --quiet "${source}" --
        -x c++ -std=c++20 -Wno-pragma-once-outside-header
        "$<$<BOOL:${folders}>:-I$<JOIN:${folders},;-I>>"
        "$<$<BOOL:${macros}>:-D$<JOIN:${macros},;-D>>"
      COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}"
      DEPENDS "${source}" ${dependencies} "${PROJECT_SOURCE_DIR}/.clang-tidy"
      COMMENT "clang-tidy ${path}" COMMAND_EXPAND_LISTS VERBATIM)
    list(APPEND stamps "${stamp}")
  endforeach()
  add_custom_target(tidy_${name} DEPENDS ${stamps})
  add_dependencies(tidy tidy_${name})
endfunction()
