#include "workload.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "os.h"

#define LINE_BYTES 1024

/* What the lines are read into. */
typedef struct reader {
    ar_workload *w;
    const char *const *settings;
    size_t setting_count;
    arete_dtype dtype; /* asked for; NONE: the file's */
    int line;
} reader;

static char *trimmed(char *text) {
    text += strspn(text, " \t\r");
    for (size_t length = strlen(text); length && isspace((unsigned char)text[length - 1]);)
        text[--length] = '\0';
    return text;
}

/* Replaces each {expression} by its value. */
static arete_status substitute(const reader *r, const char *text, char *into, size_t bytes) {
    size_t used = 0;
    while (*text) {
        char number[24] = {*text, '\0'};
        size_t step = 1;
        if (*text == '{') {
            int64_t value = 0;
            step = strcspn(text, "}");
            if (!text[step])
                return ar_fail(ARETE_E_FORMAT, "'%.40s': a '}' is missing", text);
            arete_status status = ar_expression(text + 1, step - 1, r->w->params, r->w->param_count, &value);
            if (status != ARETE_OK)
                return status;
            snprintf(number, sizeof number, "%lld", (long long)value);
            step++;
        }
        int written = snprintf(into + used, bytes - used, "%s", number);
        used += (size_t)written;
        if (used >= bytes)
            return ar_fail(ARETE_E_FORMAT, "the line is longer than %zu characters", bytes - 1);
        text += step;
    }
    into[used] = '\0';
    return ARETE_OK;
}

static arete_status read_whole(const char *what, const char *text, int64_t *value) {
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end || errno)
        return ar_fail(ARETE_E_FORMAT, "'%s' of '%s' must be a whole number, 0 or more", text, what);
    *value = number;
    return ARETE_OK;
}

/* "--set name=value" overrules the file. */
static arete_status setting_of(const reader *r, const char *name, int64_t *value) {
    size_t length = strlen(name);
    for (size_t i = 0; i < r->setting_count; i++)
        if (strncmp(r->settings[i], name, length) == 0 && r->settings[i][length] == '=')
            return read_whole(name, r->settings[i] + length + 1, value);
    return ARETE_OK;
}

static arete_status take_param(reader *r, char *text) {
    size_t length = strcspn(text, " \t");
    ar_workload *w = r->w;
    char value[LINE_BYTES];
    if (w->param_count == AR_WORKLOAD_PARAMS)
        return ar_fail(ARETE_E_FORMAT, "more than %d parameters", AR_WORKLOAD_PARAMS);
    ar_workload_param *param = &w->params[w->param_count];
    if (length == 0 || length >= sizeof param->name || !isalpha((unsigned char)text[0]))
        return ar_fail(ARETE_E_FORMAT, "'%s': 'param NAME VALUE' was expected", text);
    arete_status status = substitute(r, trimmed(text + length), value, sizeof value);
    if (status != ARETE_OK)
        return status;
    snprintf(param->name, sizeof param->name, "%.*s", (int)length, text);
    status = read_whole(param->name, value, &param->value);
    if (status == ARETE_OK)
        status = setting_of(r, param->name, &param->value);
    if (status == ARETE_OK)
        w->param_count++;
    return status;
}

static arete_status take_number(const reader *r, const char *what, const char *text, double *into) {
    char value[LINE_BYTES];
    int64_t number = 0;
    arete_status status = substitute(r, text, value, sizeof value);
    if (status == ARETE_OK)
        status = read_whole(what, value, &number);
    *into = (double)number;
    return status;
}

static arete_status take_item(reader *r, char *text) {
    size_t length = strcspn(text, " \t");
    snprintf(r->w->item, sizeof r->w->item, "%.*s", (int)length, text);
    return take_number(r, "item", trimmed(text + length), &r->w->items);
}

static arete_status take_dtype(reader *r, const char *text) {
    arete_dtype dtype = arete_dtype_parse(text);
    if (dtype == ARETE_DTYPE_NONE)
        return ar_fail(ARETE_E_FORMAT, "'%s' is no data type; there are f32, f16, bf16, f64, i8", text);
    if (r->dtype == ARETE_DTYPE_NONE)
        r->w->dtype = dtype;
    return ARETE_OK;
}

arete_status ar_workload_push(ar_workload *w, const ar_workload_op *one) {
    ar_workload_op *ops = ar_grown(w->ops, &w->op_room, w->op_count, sizeof *ops, "the operations of a workload");
    if (!ops)
        return ARETE_E_MEMORY;
    w->ops = ops;
    w->ops[w->op_count++] = *one;
    return ARETE_OK;
}

/* "... | op=softmax in=64x10 axis=1": the case of the family layer that runs it. */
static arete_status take_case(ar_workload_op *one, char *text) {
    char *bar = strchr(text, '|');
    if (!bar)
        return ARETE_OK;
    *bar = '\0';
    const char *words = trimmed(bar + 1);
    if (strncmp(text, "layer", 5) != 0)
        return ar_fail(ARETE_E_FORMAT, "'| %s': only a layer needs a case of its own", words);
    if (strlen(words) >= sizeof one->run)
        return ar_fail(ARETE_E_FORMAT, "'| %.40s...' is longer than %zu characters", words, sizeof one->run - 1);
    snprintf(one->run, sizeof one->run, "%s", words);
    return ARETE_OK;
}

/* "LABEL [xCOUNT]: OP words [| case]" */
static arete_status take_op(reader *r, char *text) {
    char *colon = strchr(text, ':'), filled[LINE_BYTES], head[LINE_BYTES];
    ar_workload_op one = {.count = 1, .line = r->line};
    *colon = '\0';
    arete_status status = substitute(r, trimmed(text), head, sizeof head);
    if (status != ARETE_OK)
        return status;
    size_t length = strcspn(head, " \t");
    const char *times = head + length + strspn(head + length, " \t");
    if (length == 0 || length >= sizeof one.label)
        return ar_fail(ARETE_E_FORMAT, "'%s': a label of 1 to %zu characters was expected before ':'", head,
                       sizeof one.label - 1);
    snprintf(one.label, sizeof one.label, "%.*s", (int)length, head);
    if (*times) {
        if (*times != 'x')
            return ar_fail(ARETE_E_FORMAT, "'%s' after the label: 'x12', how often, was expected", times);
        status = read_whole(one.label, times + 1, &one.count);
    }
    if (status == ARETE_OK)
        status = substitute(r, trimmed(colon + 1), filled, sizeof filled);
    if (status == ARETE_OK)
        status = take_case(&one, filled);
    if (status == ARETE_OK)
        status = ar_op_parse(filled, r->w->dtype, &one.op);
    if (status != ARETE_OK || one.count == 0)
        return status;
    if (one.run[0])
        one.op.layer = ar_op_layer_class(one.run);
    ar_op_count(&one.op, &one.cost);
    return ar_workload_push(r->w, &one);
}

static void take_text(char *into, size_t bytes, const char *text) {
    snprintf(into, bytes, "%s", text);
}

static arete_status take_line(reader *r, char *text) {
    static const char *const keywords[] = {"name", "title", "source", "param", "dtype", "item", "input", "state"};
    char *words = trimmed(text);
    size_t length = strcspn(words, " \t:"), k = 0;
    char *rest = trimmed(words + length);
    if (*words == '\0')
        return ARETE_OK;
    while (k < 8 && !(strlen(keywords[k]) == length && strncmp(words, keywords[k], length) == 0))
        k++;
    if (k == 8 && strchr(words, ':'))
        return take_op(r, words);
    switch (k) {
    case 0:
        take_text(r->w->name, sizeof r->w->name, rest);
        return ARETE_OK;
    case 1:
        take_text(r->w->title, sizeof r->w->title, rest);
        return ARETE_OK;
    case 2:
        take_text(r->w->source, sizeof r->w->source, rest);
        return ARETE_OK;
    case 3:
        return take_param(r, rest);
    case 4:
        return take_dtype(r, rest);
    case 5:
        return take_item(r, rest);
    case 6:
        return take_number(r, "input", rest, &r->w->input);
    case 7:
        return take_number(r, "state", rest, &r->w->state);
    default:
        return ar_fail(ARETE_E_FORMAT,
                       "'%.*s' is no word of a workload file; there are name, title, source, param, dtype, item, "
                       "input, state, and 'LABEL xCOUNT: OP ...'",
                       (int)length, words);
    }
}

/* Every setting must be a parameter of the file: a misspelt one would be dropped in silence. */
static arete_status check_settings(const reader *r) {
    for (size_t i = 0; i < r->setting_count; i++) {
        size_t length = strcspn(r->settings[i], "="), p = 0;
        while (p < r->w->param_count && !(strlen(r->w->params[p].name) == length &&
                                          strncmp(r->w->params[p].name, r->settings[i], length) == 0))
            p++;
        if (p < r->w->param_count)
            continue;
        char all[256] = "";
        for (size_t k = 0; k < r->w->param_count; k++)
            snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", k ? ", " : "", r->w->params[k].name);
        return ar_fail(ARETE_E_ARGUMENT, "'%s': %s has no such parameter; it has %s", r->settings[i], r->w->name,
                       all[0] ? all : "none");
    }
    return ARETE_OK;
}

arete_status ar_workload_parse(const char *path, const char *text, const char *const *settings, size_t count,
                               arete_dtype dtype, ar_workload *into) {
    reader r = {into, settings, count, dtype, 0};
    arete_status status = ARETE_OK;
    *into = (ar_workload){.dtype = dtype == ARETE_DTYPE_NONE ? ARETE_F32 : dtype, .items = 1};
    snprintf(into->path, sizeof into->path, "%s", path);
    snprintf(into->item, sizeof into->item, "run");
    while (*text && status == ARETE_OK) {
        char line[LINE_BYTES];
        size_t length = strcspn(text, "\n");
        r.line++;
        if (length >= sizeof line) {
            status = ar_fail(ARETE_E_FORMAT, "the line is longer than %zu characters", sizeof line - 1);
            break;
        }
        memcpy(line, text, length);
        line[length] = '\0';
        line[strcspn(line, "#")] = '\0';
        status = take_line(&r, line);
        text += length + (text[length] == '\n');
    }
    if (status != ARETE_OK)
        status = ar_fail_within(status, "%s:%d", path, r.line);
    else if (into->op_count == 0)
        status = ar_fail(ARETE_E_FORMAT, "%s: there is no operation in it", path);
    else
        status = check_settings(&r);
    if (status != ARETE_OK)
        ar_workload_free(into);
    return status;
}

static arete_status load_file(const char *path, const char *const *settings, size_t count, arete_dtype dtype,
                              ar_workload *into) {
    char *text = NULL;
    size_t length;
    arete_status status = ar_os_read_file(path, &text, &length);
    if (status == ARETE_OK && strlen(text) != length)
        status = ar_fail(ARETE_E_FORMAT, "%s: a byte 0 at %zu: this is no text", path, strlen(text));
    if (status == ARETE_OK)
        status = ar_workload_parse(path, text, settings, count, dtype, into);
    ar_os_free(text);
    if (status == ARETE_OK && !into->name[0]) {
        const char *slash = strrchr(path, '/');
        const char *base = slash ? slash + 1 : path;
        snprintf(into->name, sizeof into->name, "%.*s", (int)strcspn(base, "."), base);
    }
    return status;
}

static arete_status one_operation(const char *text, arete_dtype dtype, ar_workload *into) {
    ar_workload_op one = {.count = 1, .label = "operation"};
    *into = (ar_workload){.dtype = dtype == ARETE_DTYPE_NONE ? ARETE_F32 : dtype, .items = 1};
    arete_status status = ar_op_parse(text, into->dtype, &one.op);
    if (status != ARETE_OK)
        return status;
    snprintf(into->name, sizeof into->name, "%s", ar_op_kind_name(one.op.kind));
    snprintf(into->title, sizeof into->title, "%s", text);
    snprintf(into->item, sizeof into->item, "run");
    ar_op_count(&one.op, &one.cost);
    return ar_workload_push(into, &one);
}

static arete_status unknown(const char *word) {
    char **names = NULL, all[1024] = "";
    arete_status status = ar_workload_names(&names);
    if (status != ARETE_OK)
        return status;
    for (size_t i = 0; names[i]; i++)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", names[i]);
    ar_os_free_names(names);
    return ar_fail(ARETE_E_NOT_FOUND,
                   "'%s' is no workload; there are %s; or the path of a .workload or .onnx file; or one operation, as in "
                   "'matmul m=1 n=4096 k=4096'",
                   word, all);
}

static bool is_path(const char *word) {
    size_t length = strlen(word);
    return strchr(word, '/') || (length > 9 && strcmp(word + length - 9, ".workload") == 0);
}

bool ar_workload_exists(const char *word) {
    char **names = NULL, name[512];
    bool there = false;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, ","), word);
    if (is_path(name) || ar_workload_is_model(name))
        return true;
    if (ar_workload_names(&names) != ARETE_OK)
        return false;
    for (size_t i = 0; names[i]; i++)
        there |= strcmp(names[i], name) == 0;
    ar_os_free_names(names);
    return there;
}

static arete_status load_named(const char *name, const char *const *settings, size_t count, arete_dtype dtype,
                               ar_workload *into) {
    char file[544], path[1024];
    if (ar_workload_is_model(name))
        return ar_workload_of_model(name, settings, count, dtype, into);
    if (is_path(name))
        return load_file(name, settings, count, dtype, into);
    if (!ar_workload_exists(name))
        return unknown(name);
    snprintf(file, sizeof file, "%s.workload", name);
    ar_data_path("workloads", file, path, sizeof path);
    return load_file(path, settings, count, dtype, into);
}

/* "resnet50,batch=1,dtype=f16": settings may stand behind the name, too; those given apart come first. */
arete_status ar_workload_load(const char *word, const char *const *settings, size_t count, arete_dtype dtype,
                              ar_workload *into) {
    const char *all[2 * AR_WORKLOAD_PARAMS];
    char name[512];
    size_t used = 0;
    memset(into, 0, sizeof *into);
    size_t length = strcspn(word, ",= ");
    if (word[length] == '=' || word[length] == ' ')
        return one_operation(word, dtype, into);
    if (strlen(word) >= sizeof name || count > AR_WORKLOAD_PARAMS)
        return ar_fail(ARETE_E_ARGUMENT, "'%.60s...' is too long, or has too many settings", word);
    snprintf(name, sizeof name, "%s", word);
    for (; used < count; used++)
        all[used] = settings[used];
    for (char *next = strchr(name, ','); next;) {
        char *one = next + 1;
        *next = '\0';
        next = strchr(one, ',');
        if (next)
            *next = '\0';
        if (strncmp(one, "dtype=", 6) != 0) {
            if (used < 2 * AR_WORKLOAD_PARAMS)
                all[used++] = one;
        } else if (arete_dtype_parse(one + 6) == ARETE_DTYPE_NONE) {
            return ar_fail(ARETE_E_FORMAT, "'%s' is no data type; there are f32, f16, bf16, f64, i8", one + 6);
        } else if (dtype == ARETE_DTYPE_NONE) {
            dtype = arete_dtype_parse(one + 6);
        }
    }
    return load_named(name, all, used, dtype, into);
}

arete_status ar_workload_names(char ***names) {
    char path[512];
    ar_data_path("workloads", NULL, path, sizeof path);
    arete_status status = ar_os_list_folder(path, ".workload", names);
    if (status != ARETE_OK)
        return ar_fail_within(status, "the workloads (ARETE_DATA_DIR tells where share/arete is)");
    for (char **name = *names; *name; name++)
        (*name)[strlen(*name) - strlen(".workload")] = '\0';
    return ARETE_OK;
}

uint32_t ar_workload_sizes(const char *text, int64_t least, int64_t sizes[ARETE_MAX_RANK]) {
    for (uint32_t rank = 0; rank < ARETE_MAX_RANK; text++) {
        char *end;
        sizes[rank++] = strtoll(text, &end, 10);
        if (end == text || sizes[rank - 1] < least || (*end && *end != 'x'))
            return 0;
        if (!*end)
            return rank;
        text = end;
    }
    return 0;
}

void ar_workload_free(ar_workload *workload) {
    ar_os_free(workload->ops);
    workload->ops = NULL;
    workload->op_count = workload->op_room = 0;
}

bool ar_workload_op_case(const ar_workload_op *one, char *text, size_t bytes) {
    if (one->exact[0]) {
        snprintf(text, bytes, "%s", one->exact);
        return true;
    }
    if (one->op.kind != AR_OP_LAYER)
        return ar_op_case(&one->op, text, bytes);
    if (!one->run[0])
        return false;
    snprintf(text, bytes, "layer %s", one->run);
    if (one->op.dtype != ARETE_F32 && !strstr(one->run, "dtype=")) {
        size_t used = strlen(text);
        snprintf(text + used, bytes - used, " dtype=%s", arete_dtype_name((arete_dtype)one->op.dtype));
    }
    return true;
}

int64_t ar_workload_param_value(const ar_workload *workload, const char *name, int64_t otherwise) {
    for (size_t i = 0; i < workload->param_count; i++)
        if (strcmp(workload->params[i].name, name) == 0)
            return workload->params[i].value;
    return otherwise;
}

void ar_workload_total(const ar_workload *workload, ar_workload_sum *sum) {
    *sum = (ar_workload_sum){0};
    for (size_t i = 0; i < workload->op_count; i++) {
        const ar_workload_op *one = &workload->ops[i];
        double count = (double)one->count, moving = one->cost.bytes;
        if (one->op.kind != AR_OP_LAYER)
            moving -= one->cost.weight_bytes;
        sum->operations += count;
        sum->flops += count * one->cost.flops;
        sum->bytes += count * one->cost.bytes;
        sum->weights += count * one->cost.weights;
        sum->weight_bytes += count * one->cost.weight_bytes;
        sum->output_bytes += count * one->cost.output_bytes;
        if (moving > sum->largest_bytes)
            sum->largest_bytes = moving;
    }
}
