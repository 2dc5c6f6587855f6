# The target `tidy`: clang-tidy over the sources of the layers and, as if they
# were one source, over the headers that have no source beside them.
#
# One build step a batch of sources (run_clang_tidy.py says why), so ninja runs
# them in parallel and repeats only what changed. The flags are given
# explicitly: g++'s precompiled headers, which the compile database names, are
# unreadable to clang.
find_program(CLANG_TIDY NAMES clang-tidy-14 clang-tidy)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(TIDY_SCRIPT "${CMAKE_CURRENT_LIST_DIR}/run_clang_tidy.py")
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
  set(folder "${PROJECT_BINARY_DIR}/tidy/${name}")
  if(includes)
    file(CONFIGURE OUTPUT "${folder}/headers.cpp" CONTENT "${includes}")
    list(APPEND sources "${folder}/headers.cpp")
  endif()

  set(scope "INTERFACE_")
  get_target_property(type braid_${name} TYPE)
  if(NOT type STREQUAL "INTERFACE_LIBRARY")
    set(scope "")
  endif()
  set(folders "$<TARGET_PROPERTY:braid_${name},${scope}INCLUDE_DIRECTORIES>")
  set(macros "$<TARGET_PROPERTY:braid_${name},${scope}COMPILE_DEFINITIONS>")
  file(GENERATE OUTPUT "${folder}/compile_flags.txt" CONTENT "-std=c++20
$<$<BOOL:${folders}>:-I$<JOIN:${folders},\n-I>>
$<$<BOOL:${macros}>:-D$<JOIN:${macros},\n-D>>
")

  # Neighbours go to different batches: they are the likeliest to give something
  # the same name.
  list(LENGTH sources count)
  math(EXPR batches "(${count} + 11) / 12")
  set(index 0)
  foreach(source IN LISTS sources)
    math(EXPR batch "${index} % ${batches}")
    list(APPEND batch_${batch} "${source}")
    math(EXPR index "${index} + 1")
  endforeach()
  math(EXPR last "${batches} - 1")
  foreach(batch RANGE ${last})
    set(stamp "${folder}/batch_${batch}.stamp")
    add_custom_command(OUTPUT "${stamp}"
      COMMAND Python3::Interpreter "${TIDY_SCRIPT}" "${CLANG_TIDY}"
        "${CMAKE_CXX_COMPILER}" "${PROJECT_SOURCE_DIR}/.clang-tidy" "${folder}"
        batch_${batch} ${batch_${batch}}
      DEPENDS ${batch_${batch}} ${dependencies}
        "${PROJECT_SOURCE_DIR}/.clang-tidy" "${TIDY_SCRIPT}"
      COMMENT "clang-tidy ${name}, batch ${batch}" VERBATIM)
    list(APPEND stamps "${stamp}")
  endforeach()
  add_custom_target(tidy_${name} DEPENDS ${stamps})
  add_dependencies(tidy tidy_${name})
endfunction()
