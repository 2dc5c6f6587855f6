# cmake -DBUILD=<build folder> -DCOMPILER=<C++ compiler> -P install_test.cmake
#
# Installs the build into a fresh folder, then configures and builds a project
# outside the repository against nothing but what was installed, and runs it.
set(work "${BUILD}/install_test")
set(prefix "${work}/prefix")
file(REMOVE_RECURSE "${work}")
file(COPY "${CMAKE_CURRENT_LIST_DIR}/project" DESTINATION "${work}")

function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${work}"
    OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE failed)
  if(failed)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\nfailed (${failed}):\n${output}")
  endif()
endfunction()

run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${prefix}")
run("${CMAKE_COMMAND}" -S project -B build -G Ninja
  "-DCMAKE_PREFIX_PATH=${prefix}" "-DCMAKE_CXX_COMPILER=${COMPILER}")
run("${CMAKE_COMMAND}" --build build)
run("${work}/build/user_program" "${work}/build/user_topology.so")

# The installed programs find the installed libraries.
foreach(program IN ITEMS braid-node braidctl)
  if(EXISTS "${prefix}/bin/${program}")
    run("${prefix}/bin/${program}" --help)
  endif()
endforeach()

# The same plug-in without CMake.
find_program(PKG_CONFIG pkg-config REQUIRED)
set(ENV{PKG_CONFIG_PATH} "${prefix}/lib/pkgconfig")
execute_process(COMMAND "${PKG_CONFIG}" --cflags --libs braid
  OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE
  COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags UNIX_COMMAND "${flags}")
run("${COMPILER}" -shared -fPIC -o by_hand.so project/user_topology.cpp
  ${flags})
