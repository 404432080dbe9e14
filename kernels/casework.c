#include "casework.h"

size_t ar_operands_list(arete_tensor *const *fields, const char *const *names, size_t count, ar_operand *list,
                        uint8_t *which) {
    size_t listed = 0;
    for (size_t i = 0; i < count; ++i) {
        if (fields[i]->dtype == ARETE_DTYPE_NONE)
            continue;
        which[listed] = (uint8_t)i;
        list[listed++] = (ar_operand){.name = names[i], .tensor = *fields[i], .role = AR_INPUT};
    }
    return listed;
}

void ar_operands_take(arete_tensor *const *fields, size_t count, const arete_tensor *operands) {
    for (size_t i = 0; i < count; ++i)
        if (fields[i]->dtype != ARETE_DTYPE_NONE)
            *fields[i] = *operands++;
}

void ar_operands_data(arete_tensor *const *fields, size_t count, const void *const *data, const void **by_field) {
    for (size_t i = 0; i < count; ++i)
        by_field[i] = fields[i]->dtype != ARETE_DTYPE_NONE ? *data++ : NULL;
}
