include(GoogleTest)

# A test program of its own, its cases known to ctest: slm_add_test(NAME SOURCE…).
# Test sources include each other and the product from the root, as the product does.
function(slm_add_test name)
  add_executable(${name} ${ARGN})
  slm_compile_options(${name})
  target_link_libraries(${name} PRIVATE slm::graph GTest::gtest_main)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60)
endfunction()
