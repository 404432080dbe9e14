# Writes OUTPUT, a C file with the kernel source NAME (below ROOT) as an ar_source called SYMBOL: PRELUDE first, and
# each line  #include "x"  replaced by the file x below ROOT. Run by arete_embed().
set(text "")
if(PRELUDE)
  file(READ ${ROOT}/${PRELUDE} text)
endif()
file(READ ${ROOT}/${NAME} body)
string(APPEND text "\n${body}")
set(line "\n#include \"([^\"\n]+)\"[^\n]*\n") # at the start of a line: comments may speak of it
string(REGEX MATCH "${line}" found "${text}")
while(found)
  file(READ ${ROOT}/${CMAKE_MATCH_1} part)
  string(REPLACE "${found}" "\n${part}\n" text "${text}")
  string(REGEX MATCH "${line}" found "${text}")
endwhile()
file(WRITE ${OUTPUT}.txt "${text}")
file(READ ${OUTPUT}.txt bytes HEX)
file(REMOVE ${OUTPUT}.txt)
string(LENGTH "${bytes}" digits)
math(EXPR length "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(0x[0-9a-f][0-9a-f],0x[0-9a-f][0-9a-f],0x[0-9a-f][0-9a-f],0x[0-9a-f][0-9a-f],0x[0-9a-f][0-9a-f],0x[0-9a-f][0-9a-f],0x[0-9a-f][0-9a-f],0x[0-9a-f][0-9a-f],)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "/* Generated from ${NAME}. */
#include \"sources.h\"

static const unsigned char bytes[] = {
${bytes}0};

const ar_source ${SYMBOL} = {\"${NAME}\", (const char *)bytes, ${length}};
")
