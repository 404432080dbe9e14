/* ONNX's own node cases of every operator that is a layer, on the device that is chosen unasked and on the reference:
 * inferred shapes, and values. */
#include "../core/test.h"

#include "onnx_layer.h"

typedef struct place {
    arete_queue *queue;
    size_t passed, failed, skipped, number;
    size_t every; /* each how many-th case is run */
    bool verbose;
} place;

static arete_tensor upload(const place *p, const ar_onnx_array *a, bool fill) {
    arete_tensor t = arete_tensor_make(NULL, 0, a->dtype, a->rank, a->dims);
    if (a->bytes) {
        assert_ok(arete_buffer_create(arete_queue_device(p->queue), a->bytes, &t.buffer));
        if (fill)
            assert_ok(arete_queue_write(p->queue, t.buffer, 0, a->bytes, a->data, ARETE_WAIT_NONE, NULL));
    }
    return t;
}

/* Outputs whose shape follows must be inferred as they are. */
static bool inferred(const onnx_layer *l, const arete_tensor *in, const arete_tensor *out) {
    arete_tensor got[ARETE_LAYER_INPUTS];
    memset(got, 0, sizeof got);
    switch (l->desc.op) {
    case ARETE_LAYER_IDENTITY:
    case ARETE_LAYER_TILE:
    case ARETE_LAYER_TOP_K:
    case ARETE_LAYER_RESIZE:
    case ARETE_LAYER_ONE_HOT:
    case ARETE_LAYER_RANGE:
    case ARETE_LAYER_EYE_LIKE:
    case ARETE_LAYER_SPLIT:
        return true;
    case ARETE_LAYER_CAST:
        got[0].dtype = out[0].dtype;
        break;
    default:
        break;
    }
    if (arete_layer_infer(&l->desc, in, l->in_count, got, l->out_count) != ARETE_OK)
        return false;
    bool same = true;
    for (uint32_t o = 0; o < l->out_count; o++) {
        same = same && got[o].rank == out[o].rank && got[o].dtype == out[o].dtype;
        for (uint32_t d = 0; same && d < got[o].rank; d++)
            same = got[o].dims[d] == out[o].dims[d];
    }
    return same;
}

static double allowed(arete_dtype dtype) {
    return dtype == ARETE_F16 ? 2e-3 : dtype == ARETE_BF16 ? 1e-2 : 1e-5;
}

/* Reads outputs back and holds them against the case's. */
static bool right(place *p, const node_case *of, const onnx_layer *l, const arete_tensor *out, char *text, size_t bytes) {
    for (uint32_t o = 0; o < l->out_count; o++) {
        const ar_onnx_array *want = &of->outputs[o];
        void *got = malloc(want->bytes + 1);
        uint64_t at = 0;
        if (want->bytes)
            assert_ok(arete_queue_read(p->queue, out[o].buffer, 0, want->bytes, got, ARETE_WAIT_NONE, NULL));
        bool same = node_same(want, got, allowed(want->dtype), 2e-6, &at);
        if (!same)
            snprintf(text, bytes, "output %u [%llu] is %.9g, should be %.9g", (unsigned)o, (unsigned long long)at,
                     node_value(want->dtype, got, at), node_value(want->dtype, want->data, at));
        free(got);
        if (!same)
            return false;
    }
    return true;
}

static bool run(const node_case *of, void *with) {
    place *p = with;
    onnx_layer l;
    const char *why = "";
    char text[512] = "";
    if (!onnx_layer_of(of, &l, &why)) {
        if (strcmp(why, "no layer") != 0) {
            p->skipped++;
            print_message("skipped %s: %s\n", of->folder, why);
        }
        return true;
    }
    if (p->number++ % p->every != 0)
        return true;
    for (size_t i = 0; i < of->input_count + of->output_count; i++) {
        const ar_onnx_array *a = i < of->input_count ? &of->inputs[i] : &of->outputs[i - of->input_count];
        if (a->name[0] && a->dtype == ARETE_DTYPE_NONE) {
            p->skipped++;
            print_message("skipped %s: a data type that Arete has not\n", of->folder);
            return true;
        }
    }
    arete_tensor in[ARETE_LAYER_INPUTS] = {{0}}, out[ARETE_LAYER_INPUTS] = {{0}};
    for (uint32_t i = 0; i < l.in_count; i++)
        if (l.in[i] >= 0)
            in[i] = upload(p, &of->inputs[l.in[i]], true);
    for (uint32_t o = 0; o < l.out_count; o++)
        out[o] = upload(p, &of->outputs[o], false);
    const arete_layer_args args = {.in = in, .in_count = l.in_count, .out = out, .out_count = l.out_count};
    bool good = false;
    if (arete_layer(p->queue, &l.desc, &args, ARETE_WAIT_NONE, NULL) != ARETE_OK)
        snprintf(text, sizeof text, "%s", arete_error_text());
    else if (!inferred(&l, in, out))
        snprintf(text, sizeof text, "the inferred shape or type is another one (%s)", arete_error_text());
    else
        good = right(p, of, &l, out, text, sizeof text);
    if (good)
        p->passed++;
    else {
        p->failed++;
        print_message("FAILED %s: %s\n", of->folder, text);
    }
    for (uint32_t i = 0; i < ARETE_LAYER_INPUTS; i++) {
        arete_buffer_release(in[i].buffer);
        arete_buffer_release(out[i].buffer);
    }
    return true;
}

static void on(arete_context *context, const char *device, size_t every) {
    arete_device *found;
    place p = {.every = every};
    assert_ok(arete_device_find(context, device, &found));
    assert_ok(arete_queue_create(found, 0, &p.queue));
    nodes_each("node", NULL, run, &p);
    print_message("%s: %zu passed, %zu failed, %zu skipped\n", arete_device_get_info(found)->id, p.passed, p.failed,
                  p.skipped);
    assert_int_equal(p.failed, 0);
    assert_true(p.passed * every >= 380);
    arete_queue_release(p.queue);
}

static size_t each_of_device = 1;

static void cases(void **state) {
    (void)state;
    if (!nodes_here()) {
        print_message("skipped: ONNX's test data (libonnx-testdata) is not here\n");
        skip();
    }
    arete_context *context;
    assert_ok(arete_context_create(NULL, &context));
    on(context, "reference", 1);
    on(context, NULL, each_of_device);
    arete_context_release(context);
}

/* Argument: each how many-th case runs on the device, whose kernels have to be compiled; the reference runs all. */
int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases)};
    if (argc > 1)
        each_of_device = strtoul(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
