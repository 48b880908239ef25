# ccache and mold make our own builds several times faster where they are installed; neither is needed.

find_program(SLM_GRAPH_CCACHE ccache DOC "Compiler cache, used where found")
if(SLM_GRAPH_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${SLM_GRAPH_CCACHE})
endif()

include(CheckLinkerFlag)
check_linker_flag(CXX -fuse-ld=mold SLM_GRAPH_MOLD)
if(SLM_GRAPH_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
