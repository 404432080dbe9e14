/* Sequences whose lengths are known at load: lists of values that exist only while the network is lowered. */
#include <inttypes.h>
#include <string.h>

#include "lower.h"

static arete_status give_items(ar_lowering *l, const ar_node *n, const int *items, size_t count) {
    int *own = ar_pool_room(&l->graph->pool, (count + 1) * sizeof *own);
    if (!own)
        return ARETE_E_MEMORY;
    for (size_t i = 0; i < count; i++) {
        own[i] = items[i];
        if (own[i] == AR_NO_VALUE)
            return ar_fail(ARETE_E_FORMAT, "item %zu of the sequence is absent", i);
        if (l->graph->values[own[i]].items)
            return ar_fail(ARETE_E_UNSUPPORTED, "a sequence of sequences");
    }
    l->graph->values[n->out[0]].items = own;
    l->graph->values[n->out[0]].item_count = count;
    return ARETE_OK;
}

static arete_status sequence(const ar_lowering *l, const ar_node *n, const ar_value **of) {
    *of = n->in[0] == AR_NO_VALUE ? NULL : &l->graph->values[n->in[0]];
    return *of && (*of)->items ? ARETE_OK : ar_fail(ARETE_E_FORMAT, "input 0 is no sequence");
}

/* A position below count, negative ones from the end; absent where there is no input. */
static arete_status position(const ar_lowering *l, const ar_node *n, uint32_t input, size_t count, int64_t absent,
                             size_t *at) {
    int64_t given = absent;
    size_t many = 0;
    arete_status status = ar_node_integers(l, n, input, NULL, &given, 1, &many);
    if (status != ARETE_OK)
        return status;
    int64_t from = given < 0 ? given + (int64_t)count : given;
    if (from < 0 || from >= (int64_t)count)
        return ar_fail(ARETE_E_RANGE, "position %" PRId64 " of %zu in a sequence", given, count);
    *at = (size_t)from;
    return ARETE_OK;
}

static arete_status lower_construct(ar_lowering *l, const ar_node *n) {
    return give_items(l, n, n->in, n->in_count); /* none: SequenceEmpty */
}

static arete_status lower_insert(ar_lowering *l, const ar_node *n) {
    const ar_value *of;
    arete_status status = sequence(l, n, &of);
    if (status == ARETE_OK && !ar_node_has(n, 1))
        status = ar_fail(ARETE_E_FORMAT, "input 1, what is inserted, is missing");
    if (status != ARETE_OK)
        return status;
    int64_t given = (int64_t)of->item_count; /* behind the last; -1 is before it */
    size_t many = 0, count = of->item_count;
    status = ar_node_integers(l, n, 2, NULL, &given, 1, &many);
    if (status != ARETE_OK)
        return status;
    if (given < -(int64_t)count || given > (int64_t)count)
        return ar_fail(ARETE_E_RANGE, "position %" PRId64 " in a sequence of %zu", given, count);
    const size_t at = (size_t)(given < 0 ? given + (int64_t)count : given);
    int *items = ar_pool_room(&l->graph->pool, (count + 1) * sizeof *items);
    if (!items)
        return ARETE_E_MEMORY;
    memcpy(items, of->items, at * sizeof *items);
    items[at] = n->in[1];
    memcpy(items + at + 1, of->items + at, (count - at) * sizeof *items);
    return give_items(l, n, items, count + 1);
}

static arete_status lower_erase(ar_lowering *l, const ar_node *n) {
    const ar_value *of;
    size_t at = 0;
    arete_status status = sequence(l, n, &of);
    if (status == ARETE_OK)
        status = position(l, n, 1, of->item_count, -1, &at);
    if (status != ARETE_OK)
        return status;
    int *items = ar_pool_room(&l->graph->pool, of->item_count * sizeof *items);
    if (!items)
        return ARETE_E_MEMORY;
    memcpy(items, of->items, at * sizeof *items);
    memcpy(items + at, of->items + at + 1, (of->item_count - at - 1) * sizeof *items);
    return give_items(l, n, items, of->item_count - 1);
}

static arete_status lower_at(ar_lowering *l, const ar_node *n) {
    const ar_value *of;
    size_t at = 0;
    arete_status status = sequence(l, n, &of);
    if (status == ARETE_OK && !ar_node_has(n, 1))
        status = ar_fail(ARETE_E_FORMAT, "input 1, the position, is missing");
    if (status == ARETE_OK)
        status = position(l, n, 1, of->item_count, 0, &at);
    return status == ARETE_OK ? ar_lower_pass(l, of->items[at], n->out[0]) : status;
}

static arete_status lower_length(ar_lowering *l, const ar_node *n) {
    const ar_value *of;
    arete_status status = sequence(l, n, &of);
    int length = status == ARETE_OK ? ar_lower_scalar(l, ARETE_I64, (double)of->item_count) : AR_NO_VALUE;
    if (length == AR_NO_VALUE)
        return status == ARETE_OK ? ARETE_E_MEMORY : status;
    return ar_lower_pass(l, length, n->out[0]);
}

/* ConcatFromSequence-11; new_axis: each item is one place along the axis. */
static arete_status lower_concat(ar_lowering *l, const ar_node *n) {
    const ar_value *of;
    const int64_t axis = ar_onnx_int(n->proto, "axis", 0);
    arete_status status = sequence(l, n, &of);
    if (status == ARETE_OK && of->item_count == 0)
        status = ar_fail(ARETE_E_SHAPE, "a sequence of nothing has no shape");
    if (status != ARETE_OK)
        return status;
    const size_t count = of->item_count;
    int *items = ar_pool_room(&l->graph->pool, count * sizeof *items);
    if (!items)
        return ARETE_E_MEMORY;
    memcpy(items, of->items, count * sizeof *items);
    for (size_t i = 0; i < count && status == ARETE_OK && ar_onnx_int(n->proto, "new_axis", 0); i++)
        status = ar_lower_keep_turn(l, n, items[i], axis, &items[i]);
    return status == ARETE_OK ? ar_lower_join(l, n, items, count, axis, n->out[0]) : status;
}

/* SplitToSequence-11: input 1 is absent (single places, whose dimension keepdims decides on), one length for all
 * but maybe the last, or a length for each. */
static arete_status lower_split(ar_lowering *l, const ar_node *n) {
    const arete_tensor *x;
    int64_t lengths[AR_NODE_MOST] = {1};
    size_t given = 0, count = 0;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status == ARETE_OK)
        status = ar_node_integers(l, n, 1, NULL, lengths, AR_NODE_MOST, &given);
    int64_t axis = ar_onnx_int(n->proto, "axis", 0);
    axis = axis < 0 && status == ARETE_OK ? axis + x->rank : axis;
    if (status == ARETE_OK && (axis < 0 || axis >= x->rank))
        status = ar_fail(ARETE_E_SHAPE, "axis is %" PRId64 " of %u dimensions", axis, x->rank);
    if (status != ARETE_OK)
        return status;
    bool each = given && l->graph->values[n->in[1]].t.rank == 1,
         drop = !given && !ar_onnx_int(n->proto, "keepdims", 1);
    int64_t whole = x->dims[axis], at = 0;
    if (!each && (lengths[0] < 1 || whole / lengths[0] > AR_MOST_TURNS))
        return ar_fail(ARETE_E_UNSUPPORTED, "%" PRId64 " in pieces of %" PRId64 "; at most %d pieces", whole,
                       lengths[0], AR_MOST_TURNS);
    size_t room = each ? given : (size_t)(whole / lengths[0] + 1);
    int *items = ar_pool_alloc(&l->graph->pool, (room + 1) * sizeof *items);
    if (!items)
        return ARETE_E_MEMORY;
    while (status == ARETE_OK && (each ? count < given : at < whole)) {
        int64_t length = lengths[each ? count : 0];
        length = !each && length > whole - at ? whole - at : length;
        if (length < 0 || length > whole - at)
            return ar_fail(ARETE_E_SHAPE, "pieces of more than the %" PRId64 " along axis %" PRId64, whole, axis);
        status = ar_lower_part(l, n, n->in[0], axis, at, at + length, &items[count]);
        if (status == ARETE_OK && drop)
            status = ar_lower_drop_axis(l, n, items[count], axis, &items[count]);
        count++;
        at += length;
    }
    if (status == ARETE_OK && each && at != whole)
        status = ar_fail(ARETE_E_SHAPE, "pieces of %" PRId64 " in all, of %" PRId64 " along axis %" PRId64, at,
                         whole, axis);
    return status == ARETE_OK ? give_items(l, n, items, count) : status;
}

const ar_lower_op ar_lower_sequences[] = {
    {"SequenceConstruct", lower_construct}, {"SequenceEmpty", lower_construct}, {"SequenceInsert", lower_insert},
    {"SequenceErase", lower_erase},         {"SequenceAt", lower_at},           {"SequenceLength", lower_length},
    {"ConcatFromSequence", lower_concat},   {"SplitToSequence", lower_split},   {NULL, NULL},
};
