# The warning set and sanitizers of our own targets; nothing of it reaches who links slm::graph.

set(SLM_GRAPH_SANITIZE "" CACHE STRING "Sanitizers for every target of ours, e.g. address,undefined or thread")

function(slm_compile_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual -Wconversion
    -Wsign-conversion -Wundef -Wno-missing-field-initializers $<$<BOOL:${SLM_GRAPH_WERROR}>:-Werror>)
  if(SLM_GRAPH_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=${SLM_GRAPH_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${SLM_GRAPH_SANITIZE})
  endif()
endfunction()
