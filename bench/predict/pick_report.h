/* Answers of pick in the forms that people and programs read. */
#ifndef AR_PICK_REPORT_H
#define AR_PICK_REPORT_H

#include <stdio.h>

#include "os.h"
#include "pick.h"
#include "validate.h"

/* The table; at most that many lines. */
void ar_pick_print(FILE *to, const ar_question *question, const ar_choice *answer, size_t lines);
/* "-" is standard output. ARETE_E_IO. */
arete_status ar_pick_write_json(const ar_question *question, const ar_choice *answer, const char *advice,
                                const char *path);

void ar_validation_print(FILE *to, const ar_validation *validation);
arete_status ar_validation_write_json(const ar_validation *validation, const char *path);

void ar_parts_print(FILE *to, const ar_parts *parts);

#endif
