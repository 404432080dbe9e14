# arete_embed(TARGET PRELUDE file FILES a.cl b.cl ...): makes each kernel source a byte array in TARGET, as
# ar_source_<folder>_<name>, declared in <sources.h>. The prelude, if one is named, comes first; each #include "x" is
# replaced by x.
function(arete_embed target)
  cmake_parse_arguments(embed "" "PRELUDE" "FILES" ${ARGN})
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  set(declarations "/* Generated: the kernel sources in this library. */\n#include \"program.h\"\n")
  foreach(file ${embed_FILES})
    string(REGEX REPLACE "[/.]" "_" symbol ${file})
    string(REGEX REPLACE "_cl$" "" symbol ${symbol})
    set(output ${generated}/${symbol}.c)
    file(GLOB included CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.h ${CMAKE_CURRENT_SOURCE_DIR}/*/*.h)
    add_custom_command(OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -DSYMBOL=ar_source_${symbol} -DNAME=${file} -DROOT=${CMAKE_CURRENT_SOURCE_DIR}
              -DPRELUDE=${embed_PRELUDE} -DOUTPUT=${output} -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
      DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file} ${included} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
      COMMENT "Embedding ${file}")
    target_sources(${target} PRIVATE ${output})
    string(APPEND declarations "extern const ar_source ar_source_${symbol};\n")
  endforeach()
  file(CONFIGURE OUTPUT ${generated}/sources.h CONTENT "${declarations}" @ONLY)
  target_include_directories(${target} PRIVATE ${generated})
endfunction()
