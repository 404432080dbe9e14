#include "part.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "os.h"
#include "workload.h"

static arete_status push(ar_parts *parts, const ar_part *one) {
    ar_part *grown = ar_grown(parts->parts, &parts->room, parts->count, sizeof *grown, "the hardware database");
    if (!grown)
        return ARETE_E_MEMORY;
    parts->parts = grown;
    parts->parts[parts->count++] = *one;
    return ARETE_OK;
}

/* The line on which  "id": "<id>"  stands; jansson keeps no lines. 0: not found. */
static int line_of(const char *text, const char *id) {
    char quoted[64];
    int line = 1;
    snprintf(quoted, sizeof quoted, "\"%s\"", id);
    const char *at = text;
    while ((at = strstr(at, quoted)) != NULL) {
        const char *before = at;
        while (before > text && (isspace((unsigned char)before[-1]) || before[-1] == ':'))
            before--;
        if (before - text >= 4 && strncmp(before - 4, "\"id\"", 4) == 0)
            break;
        at++;
    }
    for (const char *c = text; at && c < at; c++)
        line += *c == '\n';
    return at ? line : 0;
}

static arete_status add_part(ar_parts *parts, const char *name, const char *text, const json_t *json,
                             const json_t *sources, size_t index) {
    ar_part part = {0};
    char where[160];
    const char *id = json_string_value(json_object_get(json, "id"));
    part.line = id ? line_of(text, id) : 0;
    snprintf(where, sizeof where, "%s:%d: part %zu '%s'", name, part.line, index, id ? id : "without id");
    arete_status status = ar_part_read(json, sources, where, &part);
    for (size_t i = 0; i < parts->count && status == ARETE_OK; i++)
        if (strcmp(parts->parts[i].id, part.id) == 0)
            status = ar_fail(ARETE_E_FORMAT, "%s: id: it is also in %s:%d", where, parts->parts[i].file,
                             parts->parts[i].line);
    if (status != ARETE_OK)
        return status;
    const char *slash = strrchr(name, '/');
    snprintf(part.file, sizeof part.file, "%s", slash ? slash + 1 : name);
    return push(parts, &part);
}

arete_status ar_parts_add_text(ar_parts *parts, const char *name, const char *text) {
    json_error_t error;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        return ar_fail(ARETE_E_FORMAT, "%s:%d: %s", name, error.line, error.text);
    const json_t *list = json_object_get(json, "parts"), *sources = json_object_get(json, "sources");
    arete_status status = ARETE_OK;
    if (json_integer_value(json_object_get(json, "schema")) != 1)
        status = ar_fail(ARETE_E_FORMAT, "%s: schema: 1 was expected", name);
    else if (!json_is_array(list) || !json_is_object(sources))
        status = ar_fail(ARETE_E_FORMAT, "%s: %s is missing", name,
                         json_is_array(list) ? "'sources', an object," : "'parts', a list,");
    for (size_t i = 0; i < json_array_size(list) && status == ARETE_OK; i++)
        status = add_part(parts, name, text, json_array_get(list, i), sources, i);
    json_decref(json);
    return status;
}

arete_status ar_parts_add_file(ar_parts *parts, const char *path) {
    char *text = NULL;
    size_t length;
    arete_status status = ar_os_read_file(path, &text, &length);
    if (status == ARETE_OK)
        status = ar_parts_add_text(parts, path, text);
    ar_os_free(text);
    return status;
}

/* Parts that systems are made of must be there. */
static arete_status check_systems(const ar_parts *parts) {
    for (size_t i = 0; i < parts->count; i++) {
        const ar_part *part = &parts->parts[i];
        size_t k = 0;
        while (part->made_of[0] && k < parts->count && strcmp(parts->parts[k].id, part->made_of) != 0)
            k++;
        if (k == parts->count && part->made_of[0])
            return ar_fail(ARETE_E_FORMAT, "%s:%d: part '%s': made_of: there is no part '%s'", part->file,
                           part->line, part->id, part->made_of);
    }
    return ARETE_OK;
}

arete_status ar_parts_load(ar_parts *parts) {
    char folder[512], path[768], **names = NULL;
    *parts = (ar_parts){0};
    ar_data_path("hardware", NULL, folder, sizeof folder);
    arete_status status = ar_os_list_folder(folder, ".json", &names);
    if (status != ARETE_OK)
        return ar_fail_within(status, "the hardware database (ARETE_DATA_DIR tells where share/arete is)");
    for (size_t i = 0; names[i] && status == ARETE_OK; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        status = ar_parts_add_file(parts, path);
    }
    ar_os_free_names(names);
    if (status == ARETE_OK)
        status = check_systems(parts);
    if (status != ARETE_OK)
        ar_parts_free(parts);
    return status;
}

void ar_parts_free(ar_parts *parts) {
    ar_os_free(parts->parts);
    *parts = (ar_parts){0};
}

/* Letters and digits, lower case: "RTX 4090" is found by "rtx4090". */
static void plain(const char *text, char *into, size_t bytes) {
    size_t used = 0;
    for (; *text && used + 1 < bytes; text++)
        if (isalnum((unsigned char)*text))
            into[used++] = (char)tolower((unsigned char)*text);
    into[used] = '\0';
}

static bool is_called(const ar_part *part, const char *wanted) {
    char name[96];
    plain(part->id, name, sizeof name);
    if (strcmp(name, wanted) == 0)
        return true;
    plain(part->name, name, sizeof name);
    if (strcmp(name, wanted) == 0)
        return true;
    for (int i = 0; i < 4; i++) {
        plain(part->aliases[i], name, sizeof name);
        if (name[0] && strcmp(name, wanted) == 0)
            return true;
    }
    return false;
}

static bool has_in_it(const ar_part *part, const char *wanted) {
    char name[96];
    plain(part->id, name, sizeof name);
    if (strstr(name, wanted))
        return true;
    plain(part->name, name, sizeof name);
    return strstr(name, wanted) != NULL;
}

arete_status ar_parts_find(const ar_parts *parts, const char *word, const ar_part **found) {
    char wanted[96], several[400] = "";
    size_t matches = 0;
    plain(word, wanted, sizeof wanted);
    for (size_t i = 0; i < parts->count; i++)
        if (is_called(&parts->parts[i], wanted)) {
            *found = &parts->parts[i];
            return ARETE_OK;
        }
    for (size_t i = 0; wanted[0] && i < parts->count; i++)
        if (has_in_it(&parts->parts[i], wanted)) {
            *found = &parts->parts[i];
            snprintf(several + strlen(several), sizeof several - strlen(several), "%s%s", matches++ ? ", " : "",
                     parts->parts[i].id);
        }
    if (matches == 1)
        return ARETE_OK;
    if (matches > 1)
        return ar_fail(ARETE_E_ARGUMENT, "'%s' may be %s: say which", word, several);
    return ar_fail(ARETE_E_NOT_FOUND,
                   "there is no part '%s' in the hardware database; `arete pick --parts` lists it", word);
}

static double peak_of(const ar_part *part, const char *type, bool matrix) {
    double best = 0;
    for (size_t i = 0; i < part->peak_count; i++) {
        const ar_peak *p = &part->peaks[i];
        bool narrow = strcmp(p->accumulate, "f16") == 0 && matrix; /* too little precision for long sums */
        if (!p->sparse && p->matrix == matrix && !narrow && strcmp(p->type, type) == 0 && p->value > best)
            best = p->value;
    }
    return best;
}

double ar_part_peak(const ar_part *part, arete_dtype dtype, bool *matrix) {
    const char *type = dtype == ARETE_I8 || dtype == ARETE_U8 ? "int8" : arete_dtype_name(dtype);
    double vector = peak_of(part, type, false), units = peak_of(part, type, true);
    double best = units > vector ? units : vector;
    if (matrix)
        *matrix = units > vector;
    if (best == 0 && dtype != ARETE_F32 && dtype != ARETE_F64)
        return ar_part_peak(part, ARETE_F32, matrix);
    return best;
}
