/* The peer's own side: reads commands, holds the case's data, times calls. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "os.h"
#include "process.h"

typedef struct server {
    const ar_peer *peer;
    void *state;
    ar_lines lines;
    ar_case of;
    bool has_case;
    ar_data_spec data;
    ar_peer_case on;
    size_t next;
    char device[128];
    uint32_t threads;
} server;

static void drop_case(server *s) {
    if (!s->has_case)
        return;
    s->peer->drop(s->state);
    for (size_t i = 0; s->on.blocks && i < s->on.copies * s->of.count; i++)
        ar_block_free(&s->on.blocks[i]);
    ar_os_free(s->on.blocks);
    ar_case_free(&s->of);
    memset(&s->on, 0, sizeof s->on);
    s->has_case = false;
}

static arete_status do_open(server *s, char *words) {
    char version[128] = "?", *end;
    s->threads = (uint32_t)strtoul(words, &end, 10);
    snprintf(s->device, sizeof s->device, "%s", end + (*end == ' '));
    arete_status status = s->peer->open(s->threads, s->device, &s->state, version, sizeof version);
    return status == ARETE_OK ? ar_lines_send(&s->lines, "ok %s", version) : status;
}

static arete_status make_blocks(server *s) {
    size_t count = s->of.count;
    s->on.blocks = ar_os_alloc((s->on.copies * count + 1) * sizeof *s->on.blocks);
    if (!s->on.blocks)
        return ar_fail_memory("blocks", s->on.copies * count * sizeof *s->on.blocks);
    for (size_t i = 0; i < s->on.copies * count; i++) {
        ar_block *block = &s->on.blocks[i];
        arete_status status = ARETE_OK;
        if (i < count) {
            status = ar_block_make(&s->data, &s->of.operands[i], i, false, block);
        } else { /* further sets are copies of the first */
            const ar_block *first = &s->on.blocks[i % count];
            *block = *first;
            block->memory = ar_os_alloc_aligned(first->bytes, 4096);
            if (block->memory)
                memcpy(block->memory, first->memory, first->bytes);
            else
                status = ar_fail_memory("a copy of an operand", first->bytes);
        }
        if (status != ARETE_OK)
            return status;
    }
    return ARETE_OK;
}

static arete_status do_case(server *s, char *words) {
    unsigned long long seed, copies;
    int mode, prepack, at = 0;
    drop_case(s);
    if (sscanf(words, "%llu %d %llu %d %n", &seed, &mode, &copies, &prepack, &at) < 4 || at == 0 || copies == 0)
        return ar_fail(ARETE_E_FORMAT, "case: '%.80s'", words);
    arete_status status = ar_case_make(words + at, &s->of);
    if (status != ARETE_OK)
        return status;
    s->has_case = true;
    s->next = 0;
    s->data = (ar_data_spec){.seed = seed, .mode = (ar_data_mode)mode};
    s->on = (ar_peer_case){.of = &s->of,
                           .copies = (size_t)copies,
                           .prepack = prepack != 0,
                           .threads = s->threads,
                           .device = s->device};
    status = make_blocks(s);
    if (status == ARETE_OK)
        status = s->peer->prepare(s->state, &s->on);
    for (size_t copy = 0; copy < s->on.copies && s->peer->give && status == ARETE_OK; copy++)
        status = s->peer->give(s->state, copy);
    return status == ARETE_OK ? ar_lines_send(&s->lines, "ok") : status;
}

static arete_status do_calls(server *s, char *words) {
    size_t count = (size_t)strtoull(words, NULL, 10);
    arete_status status = ARETE_OK;
    double start = ar_os_seconds();
    for (size_t i = 0; i < count && status == ARETE_OK; i++) {
        status = s->peer->run(s->state, s->next);
        s->next = s->next + 1 < s->on.copies ? s->next + 1 : 0;
    }
    if (status == ARETE_OK && s->peer->wait)
        status = s->peer->wait(s->state);
    double seconds = ar_os_seconds() - start;
    return status == ARETE_OK ? ar_lines_send(&s->lines, "took %.9g", seconds) : status;
}

/* Operand number output of the first set, made anew, run once. */
static arete_status run_anew(server *s) {
    for (size_t i = 0; i < s->of.count; i++) {
        const ar_operand *operand = &s->of.operands[i];
        if (operand->role != AR_INOUT && operand->role != AR_OUTPUT)
            continue;
        ar_block fresh;
        arete_status status = ar_block_make(&s->data, operand, i, false, &fresh);
        if (status != ARETE_OK)
            return status;
        memcpy(s->on.blocks[i].memory, fresh.memory, fresh.bytes);
        ar_block_free(&fresh);
    }
    arete_status status = s->peer->give ? s->peer->give(s->state, 0) : ARETE_OK;
    if (status == ARETE_OK)
        status = s->peer->run(s->state, 0);
    if (status == ARETE_OK && s->peer->wait)
        status = s->peer->wait(s->state);
    if (status == ARETE_OK && s->peer->take)
        status = s->peer->take(s->state, 0);
    return status;
}

static arete_status do_values(server *s, char *words) {
    unsigned long long output, seed, limit;
    if (sscanf(words, "%llu %llu %llu", &output, &seed, &limit) != 3 || output >= s->of.count)
        return ar_fail(ARETE_E_FORMAT, "values: '%.80s'", words);
    const arete_tensor *tensor = &s->of.operands[output].tensor;
    ar_elements elements;
    char *text = NULL;
    arete_status status = ar_elements_choose(&s->of, (size_t)output, seed, (size_t)limit, &elements);
    if (status != ARETE_OK)
        return status;
    double *values = ar_os_alloc((elements.count + 1) * sizeof *values);
    status = values ? run_anew(s) : ar_fail_memory("values", elements.count * sizeof *values);
    if (status == ARETE_OK) {
        ar_gather(tensor, &s->on.blocks[output], &elements, values);
        text = ar_values_format(values, elements.count);
        status = text ? ar_lines_send_text(&s->lines, text) : ar_fail_memory("values' text", elements.count * 26);
    }
    ar_os_free(text);
    ar_os_free(values);
    ar_elements_free(&elements);
    return status;
}

static arete_status do_drop(server *s, char *words) {
    (void)words;
    drop_case(s);
    return ar_lines_send(&s->lines, "ok");
}

static const struct command {
    const char *name;
    arete_status (*run)(server *s, char *words);
    bool needs_case;
} commands[] = {{"open", do_open, false},
                {"case", do_case, false},
                {"calls", do_calls, true},
                {"values", do_values, true},
                {"drop", do_drop, false}};

static arete_status obey(server *s, char *line) {
    size_t length = strcspn(line, " ");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strlen(commands[i].name) == length && strncmp(commands[i].name, line, length) == 0) {
            if (commands[i].needs_case && !s->has_case)
                return ar_fail(ARETE_E_ARGUMENT, "no case was given");
            return commands[i].run(s, line + length + (line[length] == ' '));
        }
    return ar_fail(ARETE_E_FORMAT, "unknown command '%.40s'", line);
}

int ar_peer_serve(const char *name, int in, int out) {
    server s = {.peer = ar_peer_named(name)};
    char *line;
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* stopped processes do not see their pipe close */
#endif
    if (!s.peer)
        return 2;
    ar_lines_open(&s.lines, in, out);
    while (ar_lines_receive(&s.lines, 0, &line) == ARETE_OK && strcmp(line, "quit") != 0) {
        arete_status status = obey(&s, line);
        if (status == ARETE_OK)
            continue;
        if (ar_lines_send(&s.lines, "%s %s", ar_answer_word(status), arete_error_text()) != ARETE_OK)
            break;
        if (s.state)
            drop_case(&s);
    }
    if (s.state) {
        drop_case(&s);
        s.peer->close(s.state);
    }
    ar_lines_close(&s.lines);
    return 0;
}
