# What `cmake --install` puts where, and what find_package(slm-graph) and pkg-config read.

include(CMakePackageConfigHelpers)

# The public interface: slm/graph.h and all that it includes. Other headers may change from release to release.
target_sources(slm-graph
  PUBLIC FILE_SET entry TYPE HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/runtime FILES runtime/slm/graph.h
  PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES
    evidence/evidence.h
    evidence/signals.h
    graph/endpoint.h
    graph/engine/engine.h
    graph/engine/plan.h
    graph/fields.h
    graph/graph.h
    graph/message.h
    graph/node.h
    graph/pipeline.h
    graph/problems.h
    graph/rates.h
    graph/registry.h
    graph/testing.h
    nodes/builtin.h)

# Our own libraries, and llama.cpp's in a folder of their own, are found from wherever the package is moved to.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_FULL_BINDIR}
           OUTPUT_VARIABLE _bin_to_lib)
set_target_properties(slm-graph PROPERTIES
  POSITION_INDEPENDENT_CODE ON
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  EXPORT_NAME graph
  INSTALL_RPATH $ORIGIN/slm-graph)
if(TARGET slm-graph-cli)
  set_target_properties(slm-graph-cli PROPERTIES
    INSTALL_RPATH "$ORIGIN/${_bin_to_lib};$ORIGIN/${_bin_to_lib}/slm-graph")
endif()

install(TARGETS slm-graph EXPORT slm-graph-targets
  FILE_SET entry DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/slm-graph
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/slm-graph)

set(_package ${CMAKE_INSTALL_LIBDIR}/cmake/slm-graph)
install(EXPORT slm-graph-targets NAMESPACE slm:: DESTINATION ${_package})
configure_package_config_file(cmake/slm-graph-config.cmake.in slm-graph-config.cmake INSTALL_DESTINATION ${_package})
write_basic_package_version_file(slm-graph-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/slm-graph-config.cmake
  ${PROJECT_BINARY_DIR}/slm-graph-config-version.cmake
  cmake/Findllama.cmake
  DESTINATION ${_package})

# Without CMake, the folders are found from where the file lies, and what a static library needs has to be said.
set(SLM_GRAPH_PC_REQUIRES "")
set(SLM_GRAPH_PC_LIBS "")
if(NOT BUILD_SHARED_LIBS)
  set(SLM_GRAPH_PC_REQUIRES "tbb yaml-cpp cppzmq cpp-httplib re2 sqlite3 libzstd")
  if(llama_RUNTIME_FILES)
    set(SLM_GRAPH_PC_LIBS "-L\${libdir}/slm-graph -Wl,-rpath,\${libdir}/slm-graph")
    foreach(_library llama ggml ggml-base)
      get_target_property(_file llama::${_library} IMPORTED_LOCATION)
      cmake_path(GET _file FILENAME _file)
      string(APPEND SLM_GRAPH_PC_LIBS " -l:${_file}")
    endforeach()
  else()
    string(APPEND SLM_GRAPH_PC_REQUIRES " llama")
  endif()
  string(APPEND SLM_GRAPH_PC_LIBS " -ldate-tz")  # which has no .pc file
endif()
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
           OUTPUT_VARIABLE SLM_GRAPH_PC_PREFIX)
configure_file(cmake/slm-graph.pc.in slm-graph.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/slm-graph.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
