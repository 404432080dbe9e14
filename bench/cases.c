#include "cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "os.h"
#include "workload.h"

/* "layer", or "layers". */
static const ar_casework *family_named(const char *name, size_t length) {
    for (const ar_casework *const *w = ar_families; *w; w++) {
        size_t own = strlen((*w)->family->name);
        bool plural = length == own + 1 && name[own] == 's';
        if ((length == own || plural) && strncmp((*w)->family->name, name, own) == 0)
            return *w;
    }
    return NULL;
}

static void append(char *text, size_t bytes, const char *more) {
    size_t length = strlen(text);
    snprintf(text + length, bytes - length, "%s", more);
}

/* "f32" when all operands that matter agree, else inputs and weights "->" outputs. */
static void describe_types(ar_case *of) {
    char in[32] = "", out[32] = "";
    arete_dtype last_in = ARETE_DTYPE_NONE, last_out = ARETE_DTYPE_NONE;
    for (size_t i = 0; i < of->count; i++) {
        const ar_operand *operand = &of->operands[i];
        bool output = operand->role == AR_OUTPUT || operand->role == AR_INOUT;
        arete_dtype *last = output ? &last_out : &last_in;
        if (i > 1 && !output)
            continue; /* biases and scales: the first two inputs name the case */
        if (*last != operand->tensor.dtype) {
            char *side = output ? out : in;
            if (side[0])
                append(side, 32, ",");
            append(side, 32, arete_dtype_name(operand->tensor.dtype));
            *last = operand->tensor.dtype;
        }
    }
    if (strcmp(in, out) == 0)
        snprintf(of->dtype, sizeof of->dtype, "%s", in);
    else
        snprintf(of->dtype, sizeof of->dtype, "%s->%s", in, out);
}

static arete_status make(const ar_casework *work, const char *text, ar_case *into) {
    memset(into, 0, sizeof *into);
    into->work = work;
    into->of = ar_os_alloc(work->case_bytes);
    if (!into->of)
        return ar_fail_memory("a case", work->case_bytes);
    arete_status status = work->parse(text, into->of);
    if (status != ARETE_OK) {
        ar_os_free(into->of);
        into->of = NULL;
        return status;
    }
    work->format(into->of, into->text, sizeof into->text);
    into->count = work->operands(into->of, into->operands);
    for (size_t i = 0; i < into->count; i++)
        into->working_set += arete_tensor_extent(&into->operands[i].tensor);
    describe_types(into);
    return ARETE_OK;
}

static arete_status unknown(const char *word) {
    char names[256] = "";
    for (const ar_casework *const *w = ar_families; *w; w++) {
        append(names, sizeof names, names[0] ? ", " : "");
        append(names, sizeof names, (*w)->family->name);
    }
    return ar_fail(ARETE_E_NOT_FOUND,
                   "'%s' is no operation, list, workload or case; operations are %s; `arete bench --help` "
                   "has the lists; a case is 'OP key=value ...'",
                   word, names);
}

arete_status ar_case_make(const char *text, ar_case *into) {
    size_t length = strcspn(text, " ");
    const ar_casework *work = family_named(text, length);
    if (!work)
        return unknown(text);
    while (text[length] == ' ')
        length++;
    return make(work, text + length, into);
}

void ar_case_free(ar_case *of) {
    ar_os_free(of->of);
    of->of = NULL;
}

static arete_status push(ar_case_set *set, const ar_case *one) {
    ar_case *cases = ar_grown(set->cases, &set->room, set->count, sizeof *cases, "the list of cases");
    if (!cases)
        return ARETE_E_MEMORY;
    set->cases = cases;
    set->cases[set->count++] = *one;
    return ARETE_OK;
}

arete_status ar_case_of_list(const ar_casework *work, const ar_case_list *list, size_t index, ar_case *into) {
    char text[AR_CASE_BYTES];
    if (!list->at(index, text, sizeof text))
        return ar_fail(ARETE_E_NOT_FOUND, "list %s has %zu cases", list->name, index);
    arete_status status = make(work, text, into);
    if (status != ARETE_OK)
        return ar_fail_within(status, "%s:%s case %zu '%s'", work->family->name, list->name, index, text);
    snprintf(into->list, sizeof into->list, "%s", list->name);
    into->times = work->times ? work->times(list, index) : 0;
    into->stream = work->streams && work->streams(list);
    return ARETE_OK;
}

static arete_status add_list(ar_case_set *set, const ar_casework *work, const ar_case_list *list) {
    char text[AR_CASE_BYTES];
    for (size_t i = 0; list->at(i, text, sizeof text); i++) {
        ar_case one;
        arete_status status = ar_case_of_list(work, list, i, &one);
        if (status != ARETE_OK)
            return status;
        status = push(set, &one);
        if (status != ARETE_OK) {
            ar_case_free(&one);
            return status;
        }
    }
    return ARETE_OK;
}

static arete_status add_timed(ar_case_set *set, const ar_casework *work) {
    for (size_t l = 0; l < work->list_count; l++)
        if (work->lists[l].timed) {
            arete_status status = add_list(set, work, &work->lists[l]);
            if (status != ARETE_OK)
                return status;
        }
    return ARETE_OK;
}

arete_status ar_case_set_add_timed(ar_case_set *set) {
    for (const ar_casework *const *w = ar_families; *w; w++) {
        arete_status status = add_timed(set, *w);
        if (status != ARETE_OK)
            return status;
    }
    return ARETE_OK;
}

/* "matmul:deepbench", or "deepbench": of every operation that has a list of this name. */
static arete_status add_named_lists(ar_case_set *set, const char *word) {
    const char *colon = strchr(word, ':');
    const char *name = colon ? colon + 1 : word;
    bool found = false;
    for (const ar_casework *const *w = ar_families; *w; w++) {
        if (colon && family_named(word, (size_t)(colon - word)) != *w)
            continue;
        for (size_t l = 0; l < (*w)->list_count; l++)
            if (strcmp((*w)->lists[l].name, name) == 0) {
                arete_status status = add_list(set, *w, &(*w)->lists[l]);
                if (status != ARETE_OK)
                    return status;
                found = true;
            }
    }
    return found ? ARETE_OK : unknown(word);
}

static arete_status add_text(ar_case_set *set, const char *text, const char *list) {
    ar_case one;
    arete_status status = ar_case_make(text, &one);
    if (status != ARETE_OK)
        return status;
    snprintf(one.list, sizeof one.list, "%s", list);
    for (size_t i = 0; i < set->count; i++) /* networks repeat layers; one measurement of each is enough */
        if (set->cases[i].work == one.work && strcmp(set->cases[i].text, one.text) == 0 &&
            strcmp(set->cases[i].list, one.list) == 0) {
            ar_case_free(&one);
            return ARETE_OK;
        }
    status = push(set, &one);
    if (status != ARETE_OK)
        ar_case_free(&one);
    return status;
}

/* The operations of a network that a family runs, each once. */
static arete_status add_workload(ar_case_set *set, const char *word) {
    ar_workload w;
    char text[AR_CASE_BYTES];
    arete_status status = ar_workload_load(word, NULL, 0, ARETE_DTYPE_NONE, &w);
    if (status != ARETE_OK)
        return status;
    for (size_t i = 0; i < w.op_count && status == ARETE_OK; i++)
        if (ar_workload_op_case(&w.ops[i], text, sizeof text)) {
            status = add_text(set, text, w.name);
            if (status != ARETE_OK)
                status = ar_fail_within(status, "%s:%d: %s", w.path, w.ops[i].line, w.ops[i].label);
        }
    ar_workload_free(&w);
    return status;
}

arete_status ar_case_set_add(ar_case_set *set, const char *word) {
    if (ar_workload_exists(word))
        return add_workload(set, word);
    if (strchr(word, '=')) {
        ar_case one;
        arete_status status = ar_case_make(word, &one);
        if (status != ARETE_OK)
            return status;
        status = push(set, &one);
        if (status != ARETE_OK)
            ar_case_free(&one);
        return status;
    }
    const ar_casework *work = family_named(word, strlen(word));
    return work ? add_timed(set, work) : add_named_lists(set, word);
}

void ar_case_set_free(ar_case_set *set) {
    for (size_t i = 0; i < set->count; i++)
        ar_case_free(&set->cases[i]);
    ar_os_free(set->cases);
    *set = (ar_case_set){0};
}

bool ar_case_word(const char *text, const char *key, char *value, size_t bytes) {
    size_t length = strlen(key);
    for (const char *at = text; *at;) {
        size_t word = strcspn(at, " ");
        if (word > length && strncmp(at, key, length) == 0 && at[length] == '=') {
            snprintf(value, bytes, "%.*s", (int)(word - length - 1), at + length + 1);
            return true;
        }
        at += word;
        at += strspn(at, " ");
    }
    return false;
}

int64_t ar_case_number(const char *text, const char *key, int64_t otherwise) {
    char value[32], *end;
    if (!ar_case_word(text, key, value, sizeof value))
        return otherwise;
    long long number = strtoll(value, &end, 10);
    return *end || end == value ? otherwise : number;
}

void ar_case_print_lists(void) {
    for (const ar_casework *const *w = ar_families; *w; w++)
        for (size_t l = 0; l < (*w)->list_count; l++) {
            const ar_case_list *list = &(*w)->lists[l];
            char text[AR_CASE_BYTES];
            size_t count = 0;
            while (list->at(count, text, sizeof text))
                count++;
            printf("  %s:%-*s %4zu cases  %s%s\n", (*w)->family->name, 20 - (int)strlen((*w)->family->name), list->name, count, list->summary,
                   list->timed ? "" : list->lengthy ? " (long checks)" : " (checks)");
        }
}

bool ar_case_is_packed(const ar_case *of) {
    return ar_case_number(of->text, "prepack", 0) != 0;
}

arete_status ar_case_repack(ar_case *of, bool packed) {
    char text[AR_CASE_BYTES + 16] = "";
    if (ar_case_is_packed(of) == packed)
        return ARETE_OK;
    for (const char *at = of->text; *at;) {
        size_t word = strcspn(at, " ");
        if (strncmp(at, "prepack=", 8) != 0) {
            size_t used = strlen(text);
            snprintf(text + used, sizeof text - used, "%s%.*s", used ? " " : "", (int)word, at);
        }
        at += word;
        at += strspn(at, " ");
    }
    if (packed)
        append(text, sizeof text, " prepack=1");
    ar_case made;
    arete_status status = make(of->work, text, &made);
    if (status != ARETE_OK)
        return status;
    snprintf(made.list, sizeof made.list, "%s", of->list);
    made.times = of->times;
    made.stream = of->stream;
    ar_case_free(of);
    *of = made;
    return ARETE_OK;
}
