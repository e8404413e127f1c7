# yurai_module(NAME name [FOLDER folder] HEADERS ... SOURCES ... [DEPS ...] [PRIVATE_DEPS ...] [TESTS ...])
#
# One static library `yurai_<name>` for the folder yurai/<name> (or a part of yurai/<folder> that
# others can do without), and one test binary
# `<name>_test` from TESTS, whose cases ctest runs one by one under the label `quick`.
# HEADERS lists every header of the folder: `headers_<name>` compiles alone each that no source of
# its name includes first.
function(yurai_module)
  cmake_parse_arguments(M "" "NAME;FOLDER" "HEADERS;SOURCES;DEPS;PRIVATE_DEPS;TESTS" ${ARGN})
  set(target yurai_${M_NAME})
  if(NOT M_FOLDER)
    set(M_FOLDER ${M_NAME})
  endif()
  add_library(${target} STATIC ${M_SOURCES} ${M_HEADERS})
  target_link_libraries(${target} PUBLIC ${M_DEPS} PRIVATE ${M_PRIVATE_DEPS})
  set(probes)
  foreach(header ${M_HEADERS})
    string(REGEX REPLACE "\\.h$" ".cc" own ${header})
    if(own IN_LIST M_SOURCES)
      file(STRINGS ${own} first REGEX "^#include" LIMIT_COUNT 1)
      if(first STREQUAL "#include \"yurai/${M_FOLDER}/${header}\"")
        continue()  # its source includes it first: it compiles alone
      endif()
    endif()
    string(MAKE_C_IDENTIFIER ${header} id)
    set(probe ${CMAKE_CURRENT_BINARY_DIR}/header_${id}.cc)
    file(CONFIGURE OUTPUT ${probe} CONTENT "#include \"yurai/${M_FOLDER}/${header}\"\n")
    list(APPEND probes ${probe})
  endforeach()
  if(probes)
    add_library(headers_${M_NAME} OBJECT EXCLUDE_FROM_ALL ${probes})
    target_link_libraries(headers_${M_NAME} PRIVATE ${target})
    set_property(GLOBAL APPEND PROPERTY YURAI_HEADER_PROBES headers_${M_NAME})
  endif()
  if(M_TESTS)
    yurai_test(NAME ${M_NAME}_test SOURCES ${M_TESTS} DEPS ${target} yurai_testing ${M_PRIVATE_DEPS})
  endif()
endfunction()

# yurai_test(NAME binary SOURCES ... DEPS ... [LABEL quick|soak]): a GoogleTest binary known to ctest.
function(yurai_test)
  cmake_parse_arguments(T "" "NAME;LABEL" "SOURCES;DEPS" ${ARGN})
  find_package(GTest REQUIRED)
  include(GoogleTest)
  if(NOT T_LABEL)
    set(T_LABEL quick)
  endif()
  add_executable(${T_NAME} ${T_SOURCES})
  target_link_libraries(${T_NAME} PRIVATE ${T_DEPS} GTest::gmock GTest::gtest_main)
  # What is tested is fast and checked; a test's own code is quick to build: a third of all.
  target_compile_options(${T_NAME} PRIVATE $<$<CONFIG:Release>:-O1>)
  if(YURAI_SANITIZE)
    target_compile_options(${T_NAME} PRIVATE -O0)
  endif()
  if(YURAI_SANITIZE MATCHES undefined)
    target_compile_options(${T_NAME} PRIVATE -fno-sanitize=undefined)
  endif()
  gtest_discover_tests(${T_NAME} DISCOVERY_TIMEOUT 120
    PROPERTIES LABELS ${T_LABEL} TIMEOUT 600
    ENVIRONMENT YURAI_SOURCE_DIR=${CMAKE_SOURCE_DIR}  # one each: a list would be taken apart
    ENVIRONMENT_MODIFICATION YURAI_BIN=set:${CMAKE_BINARY_DIR}/bin/yurai)
endfunction()

# yurai_bench(NAME binary SOURCES ... DEPS ...): a Google Benchmark binary; ctest runs it for one
# short iteration so that it does not rot.
function(yurai_bench)
  cmake_parse_arguments(B "" "NAME" "SOURCES;DEPS" ${ARGN})
  find_package(benchmark REQUIRED)
  add_executable(${B_NAME} ${B_SOURCES})
  target_link_libraries(${B_NAME} PRIVATE ${B_DEPS} benchmark::benchmark)
  add_test(NAME ${B_NAME} COMMAND ${B_NAME} --benchmark_min_time=0.001)
  set_tests_properties(${B_NAME} PROPERTIES LABELS bench TIMEOUT 600)
endfunction()
