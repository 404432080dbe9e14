/* Cases by name: what stands on the command line becomes parsed cases of a family. */
#ifndef AR_CASES_H
#define AR_CASES_H

#include "casework.h"

#define AR_CASE_BYTES 512

typedef struct ar_case {
    const ar_casework *work;
    void *of;                 /* the family's parsed case */
    char text[AR_CASE_BYTES]; /* "m=.. n=..": canonical, without the family's name */
    char list[40];            /* the list that it came from; empty for one given as text */
    char dtype[64];           /* "f32", or "f16,i8->f32" where the operands differ */
    size_t count;
    ar_operand operands[AR_MAX_OPERANDS];
    uint64_t working_set; /* bytes of all operands, once */
    bool stream;   /* calls come one at a time: their latency counts, too */
    int64_t times; /* how often it occurs in what its list stands for; 0: the list is no whole */
} ar_case;

typedef struct ar_case_set {
    ar_case *cases;
    size_t count, room;
} ar_case_set;

/* "matmul m=128 n=64 k=32". ARETE_E_NOT_FOUND names the families; ARETE_E_FORMAT the word that is wrong. */
arete_status ar_case_make(const char *text, ar_case *into);
void ar_case_free(ar_case *of);

/* Adds what a word of the command line stands for: a family ("layer" or "layers": its timed lists), a workload ("resnet50",
 * or the path of a .workload or .onnx file: its operations, each once), a list ("matmul:deepbench"; "deepbench": of every
 * family that has one), or a case ("matmul m=1 n=1 k=1"). */
arete_status ar_case_set_add(ar_case_set *set, const char *word);
/* Adds every list of every family that is timed. */
arete_status ar_case_set_add_timed(ar_case_set *set);
void ar_case_set_free(ar_case_set *set);

/* The index-th case of a list; ARETE_E_NOT_FOUND past its end. */
arete_status ar_case_of_list(const ar_casework *work, const ar_case_list *list, size_t index, ar_case *into);

/* The value of key in "key=value key=value"; false when it is not there. */
bool ar_case_word(const char *text, const char *key, char *value, size_t bytes);
int64_t ar_case_number(const char *text, const char *key, int64_t otherwise);

/* Whether the case says that its weights come packed ahead ("prepack=1"), and the same case that does, or does not.
 */
bool ar_case_is_packed(const ar_case *of);
arete_status ar_case_repack(ar_case *of, bool packed);

/* For --help: "matmul:squares   summary" lines to standard output. */
void ar_case_print_lists(void);

#endif
