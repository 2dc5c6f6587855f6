# cmake -DBUILD=<build folder> -DCOMPILER=<C++ compiler> -P install_test.cmake
#
# Installs the build into a fresh folder, then configures and builds a project
# outside the repository against nothing but what was installed, and runs it.
cmake_minimum_required(VERSION 3.25)
set(work "${BUILD}/install_test")
set(prefix "${work}/prefix")
set(repository "${CMAKE_CURRENT_LIST_DIR}/../..")
file(REMOVE_RECURSE "${work}")
file(COPY "${CMAKE_CURRENT_LIST_DIR}/project"
  "${repository}/examples/word_count/word_count.cpp" DESTINATION "${work}")
file(RENAME "${work}/word_count.cpp" "${work}/project/word_count.cpp")

# run(<command>...): its output in `output`.
function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${work}"
    OUTPUT_VARIABLE text ERROR_VARIABLE text RESULT_VARIABLE failed)
  if(failed)
    list(JOIN ARGN " " command)
    message("${command}\n${text}")
    message(FATAL_ERROR "The command above failed: ${failed}")
  endif()
  set(output "${text}" PARENT_SCOPE)
endfunction()

# expect_word_count(<plug-in>): the program finds the topology in it.
function(expect_word_count plugin)
  run("${work}/build/user_program" "${plugin}")
  if(NOT output STREQUAL "word_count\n")
    message(FATAL_ERROR "${plugin} should hold word_count, not: ${output}")
  endif()
endfunction()

run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${prefix}")
run("${CMAKE_COMMAND}" -S project -B build -G Ninja
  "-DCMAKE_PREFIX_PATH=${prefix}" "-DCMAKE_CXX_COMPILER=${COMPILER}")
run("${CMAKE_COMMAND}" --build build)
expect_word_count("${work}/build/word_count.so")

# The same plug-in without CMake, as braid.pc says.
find_program(PKG_CONFIG pkg-config REQUIRED)
file(GLOB_RECURSE package "${prefix}/*/braid.pc")
foreach(query IN ITEMS cflags libs variable=plugin_entry)
  run("${PKG_CONFIG}" --${query} "${package}")
  string(STRIP "${output}" output)
  string(REGEX REPLACE ".*=" "" name "${query}")
  separate_arguments(${name} UNIX_COMMAND "${output}")
endforeach()
run("${COMPILER}" ${cflags} -O2 -shared -fPIC -o by_hand.so
  project/word_count.cpp -x c++ ${plugin_entry} -x none ${libs})
expect_word_count("${work}/by_hand.so")

# The installed programs find the installed libraries.
file(GLOB programs "${prefix}/bin/*")
foreach(program IN LISTS programs)
  run("${program}" --help)
endforeach()
