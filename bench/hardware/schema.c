/* One entry of the hardware database, field by field: units, dense against sparse, no value without a source. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "part.h"

/* What is being read, for the errors. */
typedef struct entry {
    const json_t *json, *sources;
    const char *where;
    ar_part *part;
} entry;

static arete_status wrong(const entry *e, const char *field, const char *why) {
    return ar_fail(ARETE_E_FORMAT, "%s: %s: %s", e->where, field, why);
}

static bool is_date(const char *text) {
    return text && strlen(text) >= 7 && isdigit((unsigned char)text[0]) && text[4] == '-';
}

/* Which of the file's sources that is: it has a title and a date, and when it was read, if it was. */
static arete_status find_source(const entry *e, const char *field, const char *key, const json_t **found) {
    const json_t *source = *found = json_object_get(e->sources, key);
    if (!json_is_object(source))
        return ar_fail(ARETE_E_FORMAT, "%s: %s: its source '%s' is not among the file's sources", e->where, field,
                       key);
    const char *title = json_string_value(json_object_get(source, "title"));
    const json_t *read = json_object_get(source, "read");
    if (!title || !title[0] || !is_date(json_string_value(json_object_get(source, "date"))))
        return ar_fail(ARETE_E_FORMAT, "%s: %s: source '%s' needs a title and a date (YYYY-MM)", e->where, field,
                       key);
    if (read && !is_date(json_string_value(read)))
        return ar_fail(ARETE_E_FORMAT, "%s: %s: source '%s': 'read' is the month in which it was opened (YYYY-MM)",
                       e->where, field, key);
    return ARETE_OK;
}

/* Every value names a source of the file. "checked" names one that was opened and says the same. */
static arete_status check_source(const entry *e, const char *field, const json_t *value) {
    const char *key = json_string_value(json_object_get(value, "source"));
    const json_t *checked = json_object_get(value, "checked"), *source;
    if (!key)
        return wrong(e, field, "it has no source");
    arete_status status = find_source(e, field, key, &source);
    bool known = json_object_get(source, "read") != NULL;
    if (status == ARETE_OK && checked) {
        if (!json_is_string(checked))
            return wrong(e, field, "'checked' names a source");
        status = find_source(e, field, json_string_value(checked), &source);
        known = true;
        if (status == ARETE_OK && !json_object_get(source, "read"))
            return ar_fail(ARETE_E_FORMAT,
                           "%s: %s: checked against '%s', which nobody has read ('read' is missing)", e->where,
                           field, json_string_value(checked));
    }
    e->part->values++;
    e->part->checked += known;
    return status;
}

static arete_status text_field(const entry *e, const char *field, bool required, char *into, size_t bytes) {
    const json_t *value = json_object_get(e->json, field);
    if (!value && !required)
        return ARETE_OK;
    if (!json_is_string(value) || !json_string_value(value)[0])
        return wrong(e, field, "a text was expected");
    if (strlen(json_string_value(value)) >= bytes)
        return wrong(e, field, "the text is too long");
    snprintf(into, bytes, "%s", json_string_value(value));
    return ARETE_OK;
}

static arete_status one_of(const entry *e, const char *field, const char *value, const char *const *allowed) {
    char all[128] = "";
    for (size_t i = 0; allowed[i]; i++) {
        if (strcmp(value, allowed[i]) == 0)
            return ARETE_OK;
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", allowed[i]);
    }
    return ar_fail(ARETE_E_FORMAT, "%s: %s: '%s' is none of %s", e->where, field, value, all);
}

/* Values outside of these are in a wrong unit. */
typedef struct quantity {
    const char *field;
    double low, high;
    const char *unit;
    size_t at;
} quantity;

#define Q(field, low, high, unit, member)                                                                          \
    { field, low, high, unit, offsetof(ar_part, member) }
static const quantity quantities[] = {
    Q("memory_bytes", 0x1p28, 1e14, "bytes", memory),
    Q("memory_bandwidth", 1e9, 1e14, "bytes a second", bandwidth),
    Q("last_cache_bytes", 0x1p15, 1e11, "bytes", cache),
    Q("compute_units", 1, 1e5, "units", units),
    Q("clock_hz", 1e8, 1e10, "hertz", clock),
    Q("boost_clock_hz", 1e8, 1e10, "hertz", boost),
    Q("power_w", 0.5, 2e5, "watts", power),
    Q("price_usd", 10, 1e7, "US dollars", price),
    Q("price_usd_hour", 0.01, 1000, "US dollars an hour", price_hour),
};

static arete_status number_in(const entry *e, const char *field, const json_t *value, const quantity *q,
                              double *into) {
    if (!json_is_number(value))
        return wrong(e, field, "a number was expected");
    *into = json_number_value(value);
    if (*into < q->low || *into > q->high)
        return ar_fail(ARETE_E_FORMAT, "%s: %s: %g is outside of %g to %g %s: is it in another unit?", e->where,
                       field, *into, q->low, q->high, q->unit);
    return ARETE_OK;
}

static arete_status read_quantities(const entry *e, ar_part *part) {
    for (size_t i = 0; i < sizeof quantities / sizeof *quantities; i++) {
        const quantity *q = &quantities[i];
        const json_t *value = json_object_get(e->json, q->field);
        if (!value)
            continue;
        arete_status status = check_source(e, q->field, value);
        if (status == ARETE_OK)
            status = number_in(e, q->field, json_object_get(value, "value"), q, (double *)((char *)part + q->at));
        if (status != ARETE_OK)
            return status;
    }
    return ARETE_OK;
}

static arete_status read_link(const entry *e, const char *field, char *name, size_t bytes, double *bandwidth) {
    static const quantity rate = {"bandwidth", 1e8, 1e13, "bytes a second", 0};
    const json_t *link = json_object_get(e->json, field);
    if (!link)
        return ARETE_OK;
    arete_status status = check_source(e, field, link);
    if (status != ARETE_OK)
        return status;
    snprintf(name, bytes, "%s",
             json_is_string(json_object_get(link, "name")) ? json_string_value(json_object_get(link, "name")) : "");
    return number_in(e, field, json_object_get(link, "bandwidth"), &rate, bandwidth);
}

/* "2017-04" or "2017-04-05" as a year. */
static arete_status read_launch(const entry *e, double *year) {
    const json_t *launch = json_object_get(e->json, "launch");
    if (!launch)
        return ARETE_OK;
    arete_status status = check_source(e, "launch", launch);
    if (status != ARETE_OK)
        return status;
    const char *text = json_string_value(json_object_get(launch, "value"));
    char *end = NULL;
    double y = text ? strtod(text, &end) : 0;
    long month = end && *end == '-' ? strtol(end + 1, NULL, 10) : 0;
    if (y < 1980 || y > 2100 || month < 1 || month > 12)
        return wrong(e, "launch", "a date, YYYY-MM, was expected");
    *year = y + ((double)month - 0.5) / 12;
    return ARETE_OK;
}

static arete_status read_peak(const entry *e, const char *field, const json_t *json, ar_peak *peak) {
    static const char *const types[] = {"f64", "f32", "tf32", "f16", "bf16", "f8", "f4", "int8", "int4", NULL};
    static const char *const units[] = {"vector", "matrix", NULL};
    static const char *const densities[] = {"dense", "sparse", NULL};
    static const char *const sums[] = {"f64", "f32", "f16", "i32", NULL};
    static const quantity rate = {"value", 1e9, 1e18, "operations a second", 0};
    const char *const names[] = {"type", "unit", "density", "accumulate"};
    const char *const *const allowed[] = {types, units, densities, sums};
    const char *texts[4];
    arete_status status = check_source(e, field, json);
    for (int i = 0; i < 4 && status == ARETE_OK; i++) {
        texts[i] = json_string_value(json_object_get(json, names[i]));
        if (!texts[i])
            return ar_fail(ARETE_E_FORMAT, "%s: %s: it has no '%s'", e->where, field, names[i]);
        status = one_of(e, field, texts[i], allowed[i]);
    }
    if (status != ARETE_OK)
        return status;
    snprintf(peak->type, sizeof peak->type, "%s", texts[0]);
    snprintf(peak->accumulate, sizeof peak->accumulate, "%s", texts[3]);
    peak->matrix = strcmp(texts[1], "matrix") == 0;
    peak->sparse = strcmp(texts[2], "sparse") == 0;
    return number_in(e, field, json_object_get(json, "value"), &rate, &peak->value);
}

/* A sparse figure has a dense one beside it, and is 1 to 4 times that: else it was taken for dense. No peak twice.
 */
static arete_status check_peaks(const entry *e, const ar_part *part) {
    for (size_t i = 0; i < part->peak_count; i++) {
        const ar_peak *a = &part->peaks[i], *dense = NULL;
        char field[64];
        snprintf(field, sizeof field, "peaks[%zu] (%s %s)", i, a->type, a->matrix ? "matrix" : "vector");
        for (size_t k = 0; k < part->peak_count; k++) {
            const ar_peak *b = &part->peaks[k];
            bool same = k != i && strcmp(a->type, b->type) == 0 && a->matrix == b->matrix &&
                        strcmp(a->accumulate, b->accumulate) == 0;
            if (same && a->sparse == b->sparse)
                return wrong(e, field, "it is given twice");
            if (same && !b->sparse)
                dense = b;
        }
        if (a->sparse && !dense)
            return wrong(e, field, "a sparse peak without the dense one");
        if (a->sparse && (a->value < 1.01 * dense->value || a->value > 4.01 * dense->value))
            return wrong(e, field, "a sparse peak must be 1 to 4 times the dense one");
    }
    return ARETE_OK;
}

static arete_status read_peaks(const entry *e, ar_part *part) {
    const json_t *list = json_object_get(e->json, "peaks");
    if (!json_is_array(list))
        return wrong(e, "peaks", "a list was expected (it may be empty)");
    if (json_array_size(list) > AR_PART_PEAKS)
        return wrong(e, "peaks", "too many");
    for (size_t i = 0; i < json_array_size(list); i++) {
        char field[32];
        snprintf(field, sizeof field, "peaks[%zu]", i);
        arete_status status = read_peak(e, field, json_array_get(list, i), &part->peaks[i]);
        if (status != ARETE_OK)
            return status;
        part->peak_count++;
    }
    return check_peaks(e, part);
}

static arete_status read_made_of(const entry *e, ar_part *part) {
    const json_t *of = json_object_get(e->json, "made_of");
    bool system = strcmp(part->scope, "system") == 0;
    if (!of)
        return system ? wrong(e, "made_of", "a system must say which parts it is made of") : ARETE_OK;
    arete_status status = check_source(e, "made_of", of);
    if (status != ARETE_OK)
        return status;
    const char *id = json_string_value(json_object_get(of, "part"));
    json_int_t count = json_integer_value(json_object_get(of, "count"));
    if (!id || count < 1 || count > 4096)
        return wrong(e, "made_of", "part and count (1 to 4096) were expected");
    snprintf(part->made_of, sizeof part->made_of, "%s", id);
    part->made_count = (int)count;
    return ARETE_OK;
}

static arete_status check_fields(const entry *e) {
    static const char *const known[] = {"id",
                                        "name",
                                        "aliases",
                                        "vendor",
                                        "kind",
                                        "architecture",
                                        "scope",
                                        "launch",
                                        "made_of",
                                        "compute_units",
                                        "clock_hz",
                                        "boost_clock_hz",
                                        "peaks",
                                        "memory_bytes",
                                        "memory_type",
                                        "memory_bandwidth",
                                        "last_cache_bytes",
                                        "host_link",
                                        "device_link",
                                        "power_w",
                                        "price_usd",
                                        "price_usd_hour",
                                        "note",
                                        NULL};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)e->json, key, value) {
        size_t i = 0;
        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        if (!known[i])
            return wrong(e, key, "there is no such field; bench/hardware/README.md lists them");
    }
    return ARETE_OK;
}

static arete_status read_names(const entry *e, ar_part *part) {
    static const char *const kinds[] = {"gpu", "cpu", "accelerator", "fpga", "system", NULL};
    static const char *const scopes[] = {"package", "die", "slice", "system", NULL};
    const struct {
        const char *field;
        char *into;
        size_t bytes;
    } texts[] = {{"id", part->id, sizeof part->id},
                 {"name", part->name, sizeof part->name},
                 {"vendor", part->vendor, sizeof part->vendor},
                 {"kind", part->kind, sizeof part->kind},
                 {"architecture", part->architecture, sizeof part->architecture},
                 {"scope", part->scope, sizeof part->scope}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        arete_status status = text_field(e, texts[i].field, true, texts[i].into, texts[i].bytes);
        if (status != ARETE_OK)
            return status;
    }
    const json_t *aliases = json_object_get(e->json, "aliases");
    for (size_t i = 0; i < json_array_size(aliases) && i < 4; i++)
        snprintf(part->aliases[i], sizeof part->aliases[i], "%s",
                 json_is_string(json_array_get(aliases, i)) ? json_string_value(json_array_get(aliases, i)) : "");
    arete_status status = one_of(e, "kind", part->kind, kinds);
    return status == ARETE_OK ? one_of(e, "scope", part->scope, scopes) : status;
}

arete_status ar_part_read(const json_t *json, const json_t *sources, const char *where, ar_part *part) {
    entry e = {json, sources, where, part};
    arete_status status = check_fields(&e);
    if (status == ARETE_OK)
        status = read_names(&e, part);
    if (status == ARETE_OK)
        status = read_launch(&e, &part->launch);
    if (status == ARETE_OK)
        status = read_quantities(&e, part);
    if (status == ARETE_OK)
        status = read_peaks(&e, part);
    if (status == ARETE_OK)
        status = read_made_of(&e, part);
    if (status == ARETE_OK)
        status = read_link(&e, "host_link", part->host_link, sizeof part->host_link, &part->host_bandwidth);
    if (status == ARETE_OK)
        status = read_link(&e, "device_link", part->device_link, sizeof part->device_link, &part->link_bandwidth);
    const char *dated[] = {"price_usd", "price_usd_hour"};
    for (int i = 0; i < 2 && status == ARETE_OK; i++) {
        const json_t *price = json_object_get(json, dated[i]);
        const char *date = json_string_value(json_object_get(price, "date"));
        if (price && (!date || strlen(date) < 7))
            status = wrong(&e, dated[i], "a price needs its date (YYYY-MM)");
        else if (price)
            snprintf(part->price_date, sizeof part->price_date, "%s", date);
    }
    return status;
}
