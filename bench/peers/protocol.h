/* Lines of text over a pair of pipes.
 *
 *   parent                                          child
 *   open THREADS DEVICE                             ok VERSION            | not_found WHY
 *   case SEED MODE COPIES PREPACK FAMILY WORDS...   ok                    | unsupported WHY
 *   calls COUNT                                     took SECONDS          (queued one after another, one wait)
 *   values OPERAND SEED LIMIT                       values COUNT V V ...  (after one call from a known state; the
 *                                                                          elements are ar_elements_choose()'s)
 *   drop                                            ok
 *   quit                                            (ends)
 *
 * Every command may be answered `failed WHY`. Numbers are decimal, or C's hexadecimal floating point.
 */
#ifndef AR_PEER_PROTOCOL_H
#define AR_PEER_PROTOCOL_H

#include "arete/base.h"
#include "error.h"

typedef struct ar_lines {
    int in, out;  /* -1: closed */
    char *buffer; /* what was read and not yet given out */
    size_t used, room, given;
} ar_lines;

void ar_lines_open(ar_lines *lines, int in, int out);
void ar_lines_close(ar_lines *lines);

/* One line, formatted; line breaks within it become blanks. ARETE_E_IO when the other side is gone. */
arete_status ar_lines_send(ar_lines *lines, const char *format, ...) AR_PRINTF(2, 3);
arete_status ar_lines_send_text(ar_lines *lines, char *text);

/* The next line without its break, valid until the next call; waits at most that long (<= 0: for ever). ARETE_E_IO
 * when the other side is gone or silent. */
arete_status ar_lines_receive(ar_lines *lines, double seconds, char **line);

/* The status that a failing answer stands for, with its reason as error text; ARETE_OK when line starts with word,
 * *rest then being what follows. */
arete_status ar_answer(char *line, const char *word, char **rest);
/* The first word of the answer that a status is given. */
const char *ar_answer_word(arete_status status);

/* "values COUNT V V ...": the whole line, freed by ar_os_free; NULL: no memory. */
char *ar_values_format(const double *values, size_t count);
/* What follows "values"; ARETE_E_FORMAT when there are not count numbers. */
arete_status ar_values_parse(const char *text, double *values, size_t count);

#endif
