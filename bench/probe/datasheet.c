/* A device's part in the hardware database: the part whose name is the device's, or stands in it, word by word. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "os.h"
#include "part.h"
#include "probe.h"

/* Letters and digits in lower case, one space between words, one at each end. */
static void plain_words(const char *text, char *words, size_t bytes) {
    size_t at = 0;
    words[at++] = ' ';
    for (; *text && at + 2 < bytes; text++) {
        bool word = isalnum((unsigned char)*text) != 0;
        if (word)
            words[at++] = (char)tolower((unsigned char)*text);
        else if (words[at - 1] != ' ')
            words[at++] = ' ';
    }
    if (words[at - 1] != ' ')
        words[at++] = ' ';
    words[at] = 0;
}

/* How much of the device's name a part's name explains: its length when all its words stand in it, one after
 * another. */
static size_t match(const char *device, const char *name) {
    char words[160];
    plain_words(name, words, sizeof words);
    return strlen(words) > 3 && strstr(device, words) ? strlen(words) : 0;
}

static size_t match_part(const char *device, const ar_part *part) {
    size_t best = match(device, part->name);
    const char *without = strchr(part->name, ' ');
    if (without && strncmp(part->name, part->vendor, strlen(part->vendor)) == 0) {
        size_t own = match(device, part->name + strlen(part->vendor));
        best = own > best ? own : best;
    }
    for (int i = 0; i < 4; i++) {
        size_t other = part->aliases[i][0] ? match(device, part->aliases[i]) : 0;
        best = other > best ? other : best;
    }
    return best;
}

static const ar_part *likeliest(const ar_parts *parts, const char *device) {
    const ar_part *found = NULL;
    size_t most = 0;
    bool several = false;
    for (size_t i = 0; i < parts->count; i++) {
        size_t length = parts->parts[i].made_count > 1 ? 0 : match_part(device, &parts->parts[i]);
        several = length == most ? several : length > most ? false : several;
        if (length > most)
            found = &parts->parts[i];
        else if (length > 0 && length == most)
            several = true;
        most = length > most ? length : most;
    }
    return several ? NULL : found; /* two parts of the same name: neither */
}

static void take_peaks(const ar_part *part, ar_datasheet *sheet) {
    static const struct {
        const char *type;
        bool matrix;
        arete_unit unit;
    } units[] = {{"f32", false, ARETE_UNIT_F32},        {"f64", false, ARETE_UNIT_F64},
                 {"f16", false, ARETE_UNIT_F16},        {"int8", false, ARETE_UNIT_INT8},
                 {"f16", true, ARETE_UNIT_MATRIX_F16},  {"bf16", true, ARETE_UNIT_MATRIX_BF16},
                 {"int8", true, ARETE_UNIT_MATRIX_INT8}};
    for (size_t i = 0; i < part->peak_count; i++)
        for (size_t k = 0; k < sizeof units / sizeof *units; k++) {
            const ar_peak *peak = &part->peaks[i];
            double *into = &sheet->peak[units[k].unit];
            if (!peak->sparse && peak->matrix == units[k].matrix && strcmp(peak->type, units[k].type) == 0)
                *into = peak->value > *into ? peak->value : *into;
        }
    sheet->bandwidth = part->bandwidth;
}

bool ar_datasheet_find(const arete_device *device, ar_datasheet *sheet) {
    const arete_device_info *info = arete_device_get_info(device);
    char words[256], cpu[128] = "";
    ar_parts parts = {0};
    memset(sheet, 0, sizeof *sheet);
    if (info->kind == ARETE_DEVICE_CPU) /* drivers put their own words around the processor's name */
        ar_os_cpu_name(cpu, sizeof cpu);
    plain_words(cpu[0] ? cpu : info->name, words, sizeof words);
    const ar_part *part = ar_parts_load(&parts) == ARETE_OK ? likeliest(&parts, words) : NULL;
    if (part) {
        snprintf(sheet->part, sizeof sheet->part, "%s", part->name);
        take_peaks(part, sheet);
    }
    ar_parts_free(&parts);
    return part != NULL;
}
