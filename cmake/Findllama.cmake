# Finds llama.cpp and defines llama::llama, in this order:
#   1. a llama.cpp installed with its own CMake package (system, Homebrew, vcpkg);
#   2. the libraries that an installed slm-graph keeps beside its own;
#   3. what cmake/fetch_llama.sh fetched, in $SLM_GRAPH_DEPS/llama or the .deps/llama of this checkout.
#
# llama_RUNTIME_FILES lists what must be installed for the programs to run; it is empty in case 1.

include(FindPackageHandleStandardArgs)
set(llama_RUNTIME_FILES "")

if(TARGET llama::llama)
  set(llama_FOUND TRUE)
  return()
endif()

find_package(llama CONFIG QUIET)
if(TARGET llama)
  add_library(llama::llama INTERFACE IMPORTED)
  target_link_libraries(llama::llama INTERFACE llama)
  find_package_handle_standard_args(llama CONFIG_MODE)
  return()
endif()
# A failed config search leaves these behind, and they would decide the outcome below.
unset(llama_FOUND)
unset(llama_DIR CACHE)

# Looked up anew every time: a cached path would outlive a changed SLM_GRAPH_DEPS or a removed folder.
set(_llama_places "${CMAKE_CURRENT_LIST_DIR}/../../slm-graph")
if(DEFINED ENV{SLM_GRAPH_DEPS})
  list(APPEND _llama_places "$ENV{SLM_GRAPH_DEPS}/llama/lib")
else()
  list(APPEND _llama_places "${CMAKE_CURRENT_LIST_DIR}/../.deps/llama/lib")
endif()
set(_llama_directory "")
foreach(_place IN LISTS _llama_places)
  file(GLOB _found "${_place}/libllama.*so")
  if(_found)
    get_filename_component(_llama_directory "${_place}" REALPATH)
    break()
  endif()
endforeach()

set(llama_LIBRARY "")
if(_llama_directory)
  # The libraries carry their release in name and soname: libllama.v0.5.0.so needs libggml.v0.5.0.so.
  file(GLOB llama_LIBRARY "${_llama_directory}/libllama.*so")
  file(GLOB llama_RUNTIME_FILES "${_llama_directory}/*.so")
  list(GET llama_LIBRARY 0 llama_LIBRARY)
endif()
find_package_handle_standard_args(llama REQUIRED_VARS llama_LIBRARY
  REASON_FAILURE_MESSAGE "llama.cpp is not here yet: run cmake/fetch_llama.sh (seconds, needs npm), or point SLM_GRAPH_DEPS to a folder where it was run, or install llama.cpp with its CMake package.")

if(llama_FOUND)
  # Every library looks for its neighbours in its own folder ($ORIGIN), so who links libllama needs one rpath,
  # which CMake adds in the build tree by itself.
  foreach(_name llama ggml ggml-base)
    file(GLOB _file "${_llama_directory}/lib${_name}.*so")
    add_library(llama::${_name} SHARED IMPORTED)
    get_filename_component(_soname "${_file}" NAME)
    set_target_properties(llama::${_name} PROPERTIES IMPORTED_LOCATION "${_file}" IMPORTED_SONAME "${_soname}")
    # An installed slm-graph keeps no headers of llama.cpp: none of its own shows them.
    if(EXISTS "${_llama_directory}/../include/llama.h")
      cmake_path(SET _include NORMALIZE "${_llama_directory}/../include")
      set_target_properties(llama::${_name} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${_include}")
    endif()
  endforeach()
  set_property(TARGET llama::ggml PROPERTY INTERFACE_LINK_LIBRARIES llama::ggml-base)
  set_property(TARGET llama::llama PROPERTY INTERFACE_LINK_LIBRARIES llama::ggml llama::ggml-base)
endif()
