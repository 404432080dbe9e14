/* The hardware database: what the makers say of their parts, each value with its source (README.md here). */
#ifndef AR_PART_H
#define AR_PART_H

#include <jansson.h>

#include "arete/base.h"

#define AR_PART_PEAKS 24

typedef struct ar_peak {
    char type[8];       /* "f32", "tf32", "f8", "int8" */
    char accumulate[8]; /* "f32" */
    bool matrix;        /* of matrix units; else of vector units */
    bool sparse;        /* with structured sparsity: not for ordinary networks */
    double value;       /* operations a second, a multiply-add is 2 */
} ar_peak;

/* What is 0 or empty is not known. SI units. */
typedef struct ar_part {
    char id[48], name[80], vendor[24], kind[16], architecture[32], scope[12];
    char aliases[4][40];
    char made_of[48]; /* of a system: the part, and how many of it */
    int made_count;
    double launch; /* year, 2017.25 for April of 2017 */
    ar_peak peaks[AR_PART_PEAKS];
    size_t peak_count;
    double memory, bandwidth, cache, units, clock, boost, power;
    double host_bandwidth, link_bandwidth; /* one way */
    char host_link[40], device_link[48];
    double price, price_hour; /* US dollars; of a cloud, an hour */
    char price_date[12];
    int values, checked; /* how many it has, and how many of them agree with a document that was opened */
    char file[64];
    int line; /* of the file, where the part starts */
} ar_part;

typedef struct ar_parts {
    ar_part *parts;
    size_t count, room;
} ar_parts;

/* Reads every .json file of share/arete/hardware. ARETE_E_FORMAT names file, line of the part, and field. */
arete_status ar_parts_load(ar_parts *parts);
/* Adds the parts of one file; checks all that the schema demands. */
arete_status ar_parts_add_file(ar_parts *parts, const char *path);
/* The same from text; name is for the errors. */
arete_status ar_parts_add_text(ar_parts *parts, const char *name, const char *text);
void ar_parts_free(ar_parts *parts);

/* By id, name or alias, regardless of case; else the one part whose id or name has the word in it.
 * ARETE_E_NOT_FOUND says what is near; ARETE_E_ARGUMENT when several match. */
arete_status ar_parts_find(const ar_parts *parts, const char *word, const ar_part **found);

/* The dense peak that a network in that type meets: matrix units that accumulate wide before vector units; a type
 * that the part lacks is computed in f32. 0: not known. *matrix (may be NULL): whether it is of matrix units. */
double ar_part_peak(const ar_part *part, arete_dtype dtype, bool *matrix);

/* schema.c: fields of an entry, checked. where: "nvidia.json:12: part 'x'". */
arete_status ar_part_read(const json_t *json, const json_t *sources, const char *where, ar_part *part);

#endif
