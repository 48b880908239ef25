# ccache and mold make our own builds several times faster where they are installed; neither is needed.

find_program(SLM_GRAPH_CCACHE ccache DOC "Compiler cache, used where found")
if(SLM_GRAPH_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # With paths relative to the checkout, other clones and worktrees find in the cache what one of them compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${SLM_GRAPH_CCACHE})
  add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
endif()

include(CheckLinkerFlag)
check_linker_flag(CXX -fuse-ld=mold SLM_GRAPH_MOLD)
if(SLM_GRAPH_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
