# What `cmake --install` puts where, and the CMake package `braid` and the
# pkg-config file that let other projects build topologies against it.
include(CMakePackageConfigHelpers)

set(include_folder "${CMAKE_INSTALL_INCLUDEDIR}/braid")
set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/braid")

get_property(layers GLOBAL PROPERTY BRAID_LAYERS)
foreach(name IN LISTS layers)
  install(TARGETS braid_${name} EXPORT braid
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    FILE_SET HEADERS DESTINATION "${include_folder}")
endforeach()
install(DIRECTORY operators DESTINATION "${include_folder}"
  FILES_MATCHING PATTERN "*.inc")
install(DIRECTORY conf DESTINATION "${CMAKE_INSTALL_DATADIR}/braid"
  FILES_MATCHING PATTERN "*.toml")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")

install(EXPORT braid NAMESPACE braid:: DESTINATION "${package_folder}"
  FILE braidTargets.cmake)
configure_package_config_file(cmake/braidConfig.cmake.in
  "${PROJECT_BINARY_DIR}/braidConfig.cmake"
  INSTALL_DESTINATION "${package_folder}"
  PATH_VARS include_folder)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/braidConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/braidConfig.cmake"
  "${PROJECT_BINARY_DIR}/braidConfigVersion.cmake"
  cmake/braid_add_topology.cmake cmake/FindCAF.cmake
  DESTINATION "${package_folder}")

file(RELATIVE_PATH up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file(cmake/braid.pc.in "${PROJECT_BINARY_DIR}/braid.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/braid.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
