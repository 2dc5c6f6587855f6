# The target `tidy`: clang-tidy over the sources of the layers and, as if they
# were one source, over the headers that have no source beside them.
#
# One build step a source, so ninja runs them in parallel and repeats only what
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
  set(includes "")
  foreach(header IN LISTS headers)
    string(REGEX REPLACE "hpp$" "cpp" source "${header}")
    if(NOT source IN_LIST sources)
      file(RELATIVE_PATH path "${PROJECT_SOURCE_DIR}" "${header}")
      string(APPEND includes "#include \"${path}\"\n")
    endif()
  endforeach()
  set(stamps_folder "${PROJECT_BINARY_DIR}/tidy/${name}")
  if(includes)
    file(CONFIGURE OUTPUT "${stamps_folder}/headers.cpp" CONTENT "${includes}")
    list(APPEND sources "${stamps_folder}/headers.cpp")
  endif()

  set(scope "INTERFACE_")
  get_target_property(type braid_${name} TYPE)
  if(NOT type STREQUAL "INTERFACE_LIBRARY")
    set(scope "")
  endif()
  set(folders "$<TARGET_PROPERTY:braid_${name},${scope}INCLUDE_DIRECTORIES>")
  set(macros "$<TARGET_PROPERTY:braid_${name},${scope}COMPILE_DEFINITIONS>")
  foreach(source IN LISTS sources)
    get_filename_component(file "${source}" NAME)
    set(stamp "${stamps_folder}/${file}.stamp")
    add_custom_command(OUTPUT "${stamp}"
      COMMAND "${CLANG_TIDY}" --quiet "--config-file=${PROJECT_SOURCE_DIR}/.clang-tidy"
        "${source}" -- -std=c++20
        "$<$<BOOL:${folders}>:-I$<JOIN:${folders},;-I>>"
        "$<$<BOOL:${macros}>:-D$<JOIN:${macros},;-D>>"
      COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}"
      DEPENDS "${source}" ${dependencies} "${PROJECT_SOURCE_DIR}/.clang-tidy"
      COMMENT "clang-tidy ${name}/${file}" COMMAND_EXPAND_LISTS VERBATIM)
    list(APPEND stamps "${stamp}")
  endforeach()
  add_custom_target(tidy_${name} DEPENDS ${stamps})
  add_dependencies(tidy tidy_${name})
endfunction()
