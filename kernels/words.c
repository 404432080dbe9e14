#include "words.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ar_put(ar_writer *writer, const char *format, ...) {
    va_list list;
    va_start(list, format);
    int length = vsnprintf(writer->at, writer->room, format, list);
    va_end(list);
    size_t step = length < 0 ? 0 : (size_t)length;
    if (step >= writer->room)
        step = writer->room ? writer->room - 1 : 0;
    writer->at += step;
    writer->room -= step;
}

void ar_put_real(ar_writer *writer, double value, bool single) {
    char text[40];
    for (int digits = 6; digits <= 17; ++digits) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        double back = strtod(text, NULL);
        if (back == value || (single && (float)back == (float)value))
            break;
    }
    ar_put(writer, "%s", text);
}

arete_status ar_read_integer(const char *word, const char *value, int64_t *into) {
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (!isdigit((unsigned char)value[0]) || *end || errno)
        return ar_fail(ARETE_E_FORMAT, "'%s=%s': the value must be an integer, 0 or more", word, value);
    *into = number;
    return ARETE_OK;
}

arete_status ar_read_real(const char *word, const char *value, double *into) {
    char *end;
    *into = strtod(value, &end);
    if (end == value || *end || !isfinite(*into))
        return ar_fail(ARETE_E_FORMAT, "'%s=%s': the value must be a number", word, value);
    return ARETE_OK;
}

arete_status ar_read_type(const char *word, const char *value, uint8_t *into) {
    *into = (uint8_t)arete_dtype_parse(value);
    if (*into == ARETE_DTYPE_NONE)
        return ar_fail(ARETE_E_FORMAT,
                       "'%s=%s': the value must be a data type: f32, f16, bf16, f64, i8, u8, i32, i64, bool", word,
                       value);
    return ARETE_OK;
}

arete_status ar_read_name(const char *word, const char *value, const char *const *names, uint8_t *into) {
    char all[512] = "";
    ar_writer w = {all, sizeof all};
    for (uint8_t i = 0; names[i]; ++i) {
        if (strcmp(value, names[i]) == 0) {
            *into = i;
            return ARETE_OK;
        }
        ar_put(&w, "%s%s", i ? ", " : "", names[i]);
    }
    return ar_fail(ARETE_E_FORMAT, "'%s=%s': the value must be one of %s", word, value, all);
}

arete_status ar_read_integers(const char *word, const char *value, int64_t *into, size_t most, size_t *count) {
    const char *at = value;
    *count = 0;
    for (;;) {
        char *end;
        errno = 0;
        long long number = strtoll(at, &end, 10);
        bool starts = isdigit((unsigned char)at[0]) || (at[0] == '-' && isdigit((unsigned char)at[1]));
        if (!starts || errno || (*end && *end != 'x') || *count == most)
            return ar_fail(ARETE_E_FORMAT,
                           "'%s=%s': the value must be 1 to %zu integers with x between, outermost first", word,
                           value, most);
        into[(*count)++] = number;
        if (!*end)
            return ARETE_OK;
        at = end + 1;
    }
}

arete_status ar_words_each(const char *family, const char *text,
                           arete_status (*read)(void *of, const char *word, const char *value), void *of) {
    while (*text) {
        text += strspn(text, " \t");
        size_t length = strcspn(text, " \t");
        char word[512];
        if (length == 0)
            break;
        if (length >= sizeof word)
            return ar_fail(ARETE_E_FORMAT, "'%.60s...' is longer than any word of a %s case", text, family);
        memcpy(word, text, length);
        word[length] = '\0';
        char *value = strchr(word, '=');
        if (!value || value == word || !value[1])
            return ar_fail(ARETE_E_FORMAT, "'%s' is not word=value, as in n=128", word);
        *value++ = '\0';
        arete_status status = read(of, word, value);
        if (status != ARETE_OK)
            return status;
        text += length;
    }
    return ARETE_OK;
}

#define MOST_WORDS 64

typedef struct table_reader {
    const char *family;
    const ar_word *words;
    unsigned char *into;
    bool seen[MOST_WORDS];
} table_reader;

static arete_status read_field(const ar_word *w, const char *value, unsigned char *into) {
    void *field = into + w->at;
    double real = 0;
    size_t count = 0;
    static const char *const flags[] = {"0", "1", NULL};
    arete_status status = ARETE_OK;
    switch (w->kind) {
    case AR_WORD_INT:
        return ar_read_integer(w->word, value, field);
    case AR_WORD_REAL:
    case AR_WORD_FLOAT:
        status = ar_read_real(w->word, value, &real);
        if (status == ARETE_OK && w->kind == AR_WORD_REAL)
            *(double *)field = real;
        else if (status == ARETE_OK)
            *(float *)field = (float)real;
        return status;
    case AR_WORD_FLAG:
        return ar_read_name(w->word, value, flags, field);
    case AR_WORD_TYPE:
        return ar_read_type(w->word, value, field);
    case AR_WORD_NAME:
        return ar_read_name(w->word, value, w->names, field);
    case AR_WORD_INTS:
        status = ar_read_integers(w->word, value, field, w->most, &count);
        if (status == ARETE_OK)
            into[w->count_at] = (uint8_t)count;
        return status;
    }
    return ar_fail(ARETE_E_INTERNAL, "word '%s' is of no kind", w->word);
}

static arete_status read_by_table(void *of, const char *word, const char *value) {
    table_reader *r = of;
    char known[1024] = "";
    ar_writer all = {known, sizeof known};
    for (size_t i = 0; r->words[i].word; ++i) {
        ar_put(&all, "%s%s", i ? ", " : "", r->words[i].word);
        if (strcmp(word, r->words[i].word) != 0)
            continue;
        if (r->seen[i])
            return ar_fail(ARETE_E_FORMAT, "'%s' is given twice", word);
        r->seen[i] = true;
        return read_field(&r->words[i], value, r->into);
    }
    return ar_fail(ARETE_E_FORMAT, "'%s' is no word of a %s case; known are %s", word, r->family, known);
}

arete_status ar_words_read(const char *family, const ar_word *words, const char *text, void *into) {
    table_reader r = {.family = family, .words = words, .into = into};
    arete_status status = ar_words_each(family, text, read_by_table, &r);
    for (size_t i = 0; status == ARETE_OK && words[i].word; ++i)
        if (words[i].required && !r.seen[i])
            status = ar_fail(ARETE_E_FORMAT, "%s= is missing", words[i].word);
    return status == ARETE_OK ? status : ar_fail_within(status, "%s case '%s'", family, text);
}

static size_t field_bytes(const ar_word *w, const unsigned char *of) {
    switch (w->kind) {
    case AR_WORD_INT:
        return sizeof(int64_t);
    case AR_WORD_REAL:
        return sizeof(double);
    case AR_WORD_FLOAT:
        return sizeof(float);
    case AR_WORD_INTS:
        return of[w->count_at] * sizeof(int64_t);
    default:
        return 1;
    }
}

static bool is_default(const ar_word *w, const unsigned char *of, const unsigned char *defaults) {
    if (w->kind == AR_WORD_INTS && of[w->count_at] != defaults[w->count_at])
        return false;
    return memcmp(of + w->at, defaults + w->at, field_bytes(w, of)) == 0;
}

static void write_field(ar_writer *out, const ar_word *w, const unsigned char *of) {
    const void *field = of + w->at;
    const int64_t *integers = field;
    uint8_t byte = *(const uint8_t *)field;
    switch (w->kind) {
    case AR_WORD_INT:
        ar_put(out, "%lld", (long long)*integers);
        break;
    case AR_WORD_REAL:
        ar_put_real(out, *(const double *)field, false);
        break;
    case AR_WORD_FLOAT:
        ar_put_real(out, (double)*(const float *)field, true);
        break;
    case AR_WORD_FLAG:
        ar_put(out, "%d", byte);
        break;
    case AR_WORD_TYPE:
        ar_put(out, "%s", arete_dtype_name((arete_dtype)byte));
        break;
    case AR_WORD_NAME:
        ar_put(out, "%s", w->names[byte]);
        break;
    case AR_WORD_INTS:
        for (uint8_t i = 0; i < of[w->count_at]; ++i)
            ar_put(out, "%s%lld", i ? "x" : "", (long long)integers[i]);
        break;
    }
}

void ar_words_write(const ar_word *words, const void *of, const void *defaults, char *text, size_t bytes) {
    ar_writer out = {text, bytes};
    const char *between = "";
    if (bytes)
        text[0] = '\0';
    for (const ar_word *w = words; w->word; ++w) {
        bool empty = w->kind == AR_WORD_INTS && ((const unsigned char *)of)[w->count_at] == 0;
        if (empty || (!w->required && is_default(w, of, defaults)))
            continue;
        ar_put(&out, "%s%s=", between, w->word);
        write_field(&out, w, of);
        between = " ";
    }
}

bool ar_case_text(const char *const *texts, size_t count, size_t index, char *text, size_t bytes) {
    if (index >= count)
        return false;
    snprintf(text, bytes, "%s", texts[index]);
    return true;
}
