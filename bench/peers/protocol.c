#include "protocol.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os.h"

void ar_lines_open(ar_lines *lines, int in, int out) {
    *lines = (ar_lines){.in = in, .out = out};
}

void ar_lines_close(ar_lines *lines) {
    if (lines->in >= 0)
        close(lines->in);
    if (lines->out >= 0)
        close(lines->out);
    ar_os_free(lines->buffer);
    *lines = (ar_lines){.in = -1, .out = -1};
}

arete_status ar_lines_send_text(ar_lines *lines, char *text) {
    size_t length = strlen(text), sent = 0;
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\n' || text[i] == '\r')
            text[i] = ' ';
    text[length] = '\n'; /* where its NUL was: the caller's text is used up */
    while (sent <= length) {
        ssize_t step = write(lines->out, text + sent, length + 1 - sent);
        if (step < 0 && errno == EINTR)
            continue;
        if (step <= 0) {
            text[length] = 0;
            return ar_fail(ARETE_E_IO, "the other process is gone: %s", strerror(errno));
        }
        sent += (size_t)step;
    }
    text[length] = 0;
    return ARETE_OK;
}

arete_status ar_lines_send(ar_lines *lines, const char *format, ...) {
    char text[4096];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return ar_lines_send_text(lines, text);
}

/* More into the buffer; blocks. */
static arete_status fill(ar_lines *lines, double seconds) {
    if (lines->used + 4096 > lines->room) {
        size_t room = lines->room ? 2 * lines->room : 16384;
        char *grown = ar_os_realloc(lines->buffer, room);
        if (!grown)
            return ar_fail_memory("a line from a peer", room);
        lines->buffer = grown;
        lines->room = room;
    }
    struct pollfd waited = {.fd = lines->in, .events = POLLIN};
    for (;;) {
        int ready = poll(&waited, 1, seconds > 0 ? (int)(seconds * 1000) : -1);
        if (ready == 0)
            return ar_fail(ARETE_E_IO, "the other process was silent for %.0f s", seconds);
        if (ready < 0 && errno != EINTR)
            return ar_fail(ARETE_E_IO, "waiting for the other process: %s", strerror(errno));
        if (ready < 0)
            continue;
        ssize_t got = read(lines->in, lines->buffer + lines->used, lines->room - lines->used - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return ar_fail(ARETE_E_IO, "the other process is gone");
        lines->used += (size_t)got;
        return ARETE_OK;
    }
}

arete_status ar_lines_receive(ar_lines *lines, double seconds, char **line) {
    if (lines->given)
        memmove(lines->buffer, lines->buffer + lines->given, lines->used - lines->given);
    lines->used -= lines->given;
    lines->given = 0;
    size_t looked = 0;
    for (;;) {
        char *end = looked < lines->used ? memchr(lines->buffer + looked, '\n', lines->used - looked) : NULL;
        if (end) {
            *end = 0;
            lines->given = (size_t)(end - lines->buffer) + 1;
            *line = lines->buffer;
            return ARETE_OK;
        }
        looked = lines->used;
        arete_status status = fill(lines, seconds);
        if (status != ARETE_OK)
            return status;
    }
}

static const struct {
    arete_status status;
    const char *word;
} answers[] = {
    {ARETE_E_NOT_FOUND, "not_found"}, {ARETE_E_UNSUPPORTED, "unsupported"}, {ARETE_E_MEMORY, "no_memory"}};

const char *ar_answer_word(arete_status status) {
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        if (answers[i].status == status)
            return answers[i].word;
    return "failed";
}

arete_status ar_answer(char *line, const char *word, char **rest) {
    size_t length = strcspn(line, " ");
    char *after = line + length + (line[length] == ' ');
    if (strlen(word) == length && strncmp(line, word, length) == 0) {
        if (rest)
            *rest = after;
        return ARETE_OK;
    }
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        if (strlen(answers[i].word) == length && strncmp(line, answers[i].word, length) == 0)
            return ar_fail(answers[i].status, "%s", after);
    if (length == 6 && strncmp(line, "failed", 6) == 0)
        return ar_fail(ARETE_E_DEVICE, "%s", after);
    return ar_fail(ARETE_E_FORMAT, "the peer answered '%.60s' where '%s' was due", line, word);
}

char *ar_values_format(const double *values, size_t count) {
    size_t room = 32 + count * 26, used;
    char *text = ar_os_alloc(room);
    if (!text)
        return NULL;
    used = (size_t)snprintf(text, room, "values %zu", count);
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, room - used, " %a", values[i]);
    return text;
}

arete_status ar_values_parse(const char *text, double *values, size_t count) {
    char *end;
    unsigned long long said = strtoull(text, &end, 10);
    if (end == text || said != count)
        return ar_fail(ARETE_E_FORMAT, "the peer sent %llu values, %zu were asked for", said, count);
    for (size_t i = 0; i < count; i++) {
        text = end;
        values[i] = strtod(text, &end);
        if (end == text)
            return ar_fail(ARETE_E_FORMAT, "value %zu from the peer is no number: '%.20s'", i, text);
    }
    return ARETE_OK;
}
