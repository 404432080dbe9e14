/* The table of words: every kind reads back what it wrote, and wrong texts name the word. */
#include <string.h>

#include "../core/test.h"
#include "words.h"

typedef struct thing {
    int64_t n, pads[4];
    double alpha;
    float slope;
    uint8_t flag, type, mode, pad_count;
} thing;

static const char *const modes[] = {"zero", "edge", NULL};

static const ar_word words[] = {{.word = "n", .kind = AR_WORD_INT, .at = offsetof(thing, n), .required = true},
                                {.word = "pads",
                                 .kind = AR_WORD_INTS,
                                 .at = offsetof(thing, pads),
                                 .most = 4,
                                 .count_at = offsetof(thing, pad_count)},
                                {.word = "alpha", .kind = AR_WORD_REAL, .at = offsetof(thing, alpha)},
                                {.word = "slope", .kind = AR_WORD_FLOAT, .at = offsetof(thing, slope)},
                                {.word = "flag", .kind = AR_WORD_FLAG, .at = offsetof(thing, flag)},
                                {.word = "dtype", .kind = AR_WORD_TYPE, .at = offsetof(thing, type)},
                                {.word = "mode", .kind = AR_WORD_NAME, .at = offsetof(thing, mode), .names = modes},
                                {0}};

static const thing plain = {.alpha = 1, .type = ARETE_F32};

static void round_trip(void **state) {
    static const char *const texts[] = {"n=5", "n=0 pads=1x-2x3 alpha=0.1 slope=0.1 flag=1 dtype=f16 mode=edge",
                                        "n=9223372036854775807 pads=7"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        thing of = plain;
        char text[256];
        assert_int_equal(ar_words_read("thing", words, texts[i], &of), ARETE_OK);
        ar_words_write(words, &of, &plain, text, sizeof text);
        assert_string_equal(text, texts[i]);
    }
}

static void refuses(void **state) {
    static const char *const wrong[][2] = {
        {"pads=1", "n= is missing"},      {"n=1 n=2", "'n' is given twice"},       {"n=-1", "'n=-1'"},
        {"n=1 mode=odd", "zero, edge"},   {"n=1 pads=1x2x3x4x5", "1 to 4"},        {"n=1 pads=1x", "'pads=1x'"},
        {"n=1 dtype=q7", "'dtype=q7'"},   {"n=1 what=2", "known are n, pads"},     {"n=1 flag=2", "one of 0, 1"},
        {"n=1 alpha=", "not word=value"}, {"n=99999999999999999999", "an integer"}};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        thing of = plain;
        assert_int_equal(ar_words_read("thing", words, wrong[i][0], &of), ARETE_E_FORMAT);
        if (!strstr(arete_error_text(), wrong[i][1]))
            fail_msg("'%s' gave '%s', which lacks '%s'", wrong[i][0], arete_error_text(), wrong[i][1]);
    }
}

static void cuts_long_texts(void **state) {
    thing of = plain;
    char text[8];
    (void)state;
    of.n = 1234567890;
    ar_words_write(words, &of, &plain, text, sizeof text);
    assert_string_equal(text, "n=12345");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(refuses),
                                       cmocka_unit_test(cuts_long_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
