# Where Chart.js is, which cmake/fetch_chart_js.sh fetched: CHART_JS_FOLDER with chart.umd.min.js, LICENSE.md, version.

# Looked up anew every time: a cached path would outlive a changed SLM_GRAPH_DEPS or a removed folder.
if(DEFINED ENV{SLM_GRAPH_DEPS})
  set(CHART_JS_FOLDER $ENV{SLM_GRAPH_DEPS}/chart.js)
else()
  set(CHART_JS_FOLDER ${PROJECT_SOURCE_DIR}/.deps/chart.js)
endif()
if(NOT EXISTS ${CHART_JS_FOLDER}/version)
  message(FATAL_ERROR "Chart.js is not here yet: run cmake/fetch_chart_js.sh (a second, needs npm), or point SLM_GRAPH_DEPS to a folder where it was run.")
endif()
