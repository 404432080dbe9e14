/* The text form of problems, "m=128 n=64 dtype=f16": read and written by one table of words per family. */
#ifndef AR_WORDS_H
#define AR_WORDS_H

#include "arete/base.h"
#include "error.h"

typedef enum ar_word_kind {
    AR_WORD_INT,   /* int64_t, 0 or more */
    AR_WORD_REAL,  /* double */
    AR_WORD_FLOAT, /* float */
    AR_WORD_FLAG,  /* uint8_t, 0 or 1 */
    AR_WORD_TYPE,  /* uint8_t, an arete_dtype */
    AR_WORD_NAME,  /* uint8_t, an index of names */
    AR_WORD_INTS   /* int64_t[most] "3x5x7", negative ones too; how many goes to the uint8_t at count_at */
} ar_word_kind;

typedef struct ar_word {
    const char *word; /* NULL ends the table */
    ar_word_kind kind;
    size_t at;                /* offset of the field */
    const char *const *names; /* of AR_WORD_NAME: ends with NULL */
    size_t most, count_at;    /* of AR_WORD_INTS */
    bool required;
} ar_word;

/* Reads every word of text over what *into holds (the defaults). ARETE_E_FORMAT names the word that is wrong, given
 * twice or missing, and what would be right. family: of the error text. */
arete_status ar_words_read(const char *family, const ar_word *words, const char *text, void *into);

/* Writes, in the table's order, the required words and those that differ from the defaults. */
void ar_words_write(const ar_word *words, const void *of, const void *defaults, char *text, size_t bytes);

/* An ar_case_list's at() over an array of texts. */
bool ar_case_text(const char *const *texts, size_t count, size_t index, char *text, size_t bytes);

/* For what a table cannot say: a growing text, cut at its end. */
typedef struct ar_writer {
    char *at;
    size_t room;
} ar_writer;

void ar_put(ar_writer *writer, const char *format, ...) AR_PRINTF(2, 3);
/* The shortest digits that read back to the same value, a float where single. */
void ar_put_real(ar_writer *writer, double value, bool single);

/* The value of one word, checked; word is for the error text. */
arete_status ar_read_integer(const char *word, const char *value, int64_t *into);
arete_status ar_read_real(const char *word, const char *value, double *into);
arete_status ar_read_type(const char *word, const char *value, uint8_t *into);
arete_status ar_read_name(const char *word, const char *value, const char *const *names, uint8_t *into);
/* At most that many integers with x between; may be negative. */
arete_status ar_read_integers(const char *word, const char *value, int64_t *into, size_t most, size_t *count);

/* Takes the text apart: calls read(of, word, value) for each "word=value". */
arete_status ar_words_each(const char *family, const char *text,
                           arete_status (*read)(void *of, const char *word, const char *value), void *of);

#endif
