# What is installed: libraries, headers, and how find_package(arete) and pkg-config find them.
include(CMakePackageConfigHelpers)

install(TARGETS arete arete_static EXPORT arete-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS arete_compile RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/arete)
foreach(part core backends kernels)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${part}/include/arete DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endforeach()

if(TARGET arete_graph)
  install(TARGETS arete_graph arete_graph_static EXPORT arete-graph-targets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/graph/include/arete DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endif()

set(arete_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/arete)
install(EXPORT arete-targets NAMESPACE arete:: DESTINATION ${arete_cmake_dir})
if(TARGET arete_graph)
  install(EXPORT arete-graph-targets NAMESPACE arete:: DESTINATION ${arete_cmake_dir})
  configure_file(${PROJECT_SOURCE_DIR}/cmake/arete-graph.pc.in ${CMAKE_CURRENT_BINARY_DIR}/arete-graph.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/arete-graph.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/arete-config.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/arete-config.cmake INSTALL_DESTINATION ${arete_cmake_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/arete-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/arete-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/arete-config-version.cmake
  DESTINATION ${arete_cmake_dir})

configure_file(${PROJECT_SOURCE_DIR}/cmake/arete.pc.in ${CMAKE_CURRENT_BINARY_DIR}/arete.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/arete.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
