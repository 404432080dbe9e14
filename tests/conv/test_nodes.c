/* ONNX's own cases of Conv, ConvTranspose, ConvInteger and QLinearConv, by the library's choice and by every solver
 * that takes them, on the reference device and on the first other one. */
#include "../core/test.h"
#include "conv/problem.h"
#include "nodes.h"

enum { TENSORS = 9 };

typedef struct place {
    arete_device *device;
    arete_queue *queue;
    size_t cases, runs, every;
    const char *op;
} place;

typedef struct operands {
    arete_conv_desc desc;
    arete_conv_args args;
    arete_buffer *buffers[TENSORS];
    size_t count;
} operands;

/* An input in a buffer of the device; one that is left out stays absent. */
static arete_tensor upload(place *p, operands *o, const node_case *of, size_t index) {
    if (index >= of->input_count || !of->inputs[index].data)
        return (arete_tensor){0};
    const ar_onnx_array *array = &of->inputs[index];
    arete_buffer *buffer = NULL;
    assert_ok(arete_buffer_create(p->device, array->bytes, &buffer));
    o->buffers[o->count++] = buffer;
    assert_ok(arete_queue_write(p->queue, buffer, 0, array->bytes, array->data, ARETE_WAIT_NONE, NULL));
    /* scalars come as tensors of rank 0, or as [1] */
    const int64_t one = 1;
    return array->rank ? arete_tensor_make(buffer, 0, array->dtype, array->rank, array->dims)
                       : arete_tensor_make(buffer, 0, array->dtype, 1, &one);
}

static void read_attributes(const node_case *of, uint32_t spatial, arete_conv_desc *desc) {
    static const char *const names[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"};
    int64_t pads[2 * ARETE_CONV_MAX_SPATIAL] = {0}, shape[ARETE_MAX_RANK] = {0};
    char text[16];
    *desc = (arete_conv_desc){.groups = node_int(of, "group", 1), .transposed = strcmp(of->op, "ConvTranspose") == 0};
    node_ints(of, "strides", desc->strides, spatial);
    node_ints(of, "dilations", desc->dilations, spatial);
    node_ints(of, "output_padding", desc->output_padding, spatial);
    node_ints(of, "pads", pads, 2 * spatial);
    memcpy(desc->pads_begin, pads, spatial * sizeof pads[0]);
    memcpy(desc->pads_end, pads + spatial, spatial * sizeof pads[0]);
    size_t shaped = node_ints(of, "output_shape", shape, ARETE_MAX_RANK);
    memcpy(desc->output_shape, shape + (shaped > spatial ? shaped - spatial : 0),
           (shaped ? spatial : 0) * sizeof shape[0]);
    node_string(of, "auto_pad", "NOTSET", text, sizeof text);
    for (int i = 0; i < 4; ++i)
        if (strcmp(text, names[i]) == 0)
            desc->auto_pad = (arete_auto_pad)i;
}

static void read_operands(place *p, const node_case *of, operands *o) {
    arete_conv_args *a = &o->args;
    a->x = upload(p, o, of, 0);
    if (strcmp(of->op, "QLinearConv") == 0) {
        a->x_scale = upload(p, o, of, 1);
        a->x_zero = upload(p, o, of, 2);
        a->w = upload(p, o, of, 3);
        a->w_scale = upload(p, o, of, 4);
        a->w_zero = upload(p, o, of, 5);
        a->y_scale = upload(p, o, of, 6);
        a->y_zero = upload(p, o, of, 7);
        a->bias = upload(p, o, of, 8);
    } else if (strcmp(of->op, "ConvInteger") == 0) {
        a->w = upload(p, o, of, 1);
        a->x_zero = upload(p, o, of, 2);
        a->w_zero = upload(p, o, of, 3);
    } else {
        a->w = upload(p, o, of, 1);
        a->bias = upload(p, o, of, 2);
    }
}

/* By a solver (NULL: the library's choice), with weights packed where it packs them. */
static void run_solver(place *p, const node_case *of, operands *o, const char *solver, bool prepack) {
    const ar_onnx_array *want = &of->outputs[0];
    arete_plan *plan = NULL;
    o->desc.solver = solver;
    o->desc.prepack = prepack;
    arete_status status = arete_conv_plan(p->device, &o->desc, &o->args, &plan);
    if (solver && status == ARETE_E_UNSUPPORTED)
        return;
    if (status != ARETE_OK)
        fail_msg("%s by %s: %s", of->folder, solver ? solver : "the library's choice", arete_error_text());
    unsigned char *got = malloc(want->bytes), poison = 0xff;
    o->args.packed_w = NULL;
    if (prepack && arete_conv_packs_w(plan))
        assert_ok(arete_conv_pack_w(plan, p->queue, &o->args.w, &o->args.packed_w));
    assert_ok(arete_queue_fill(p->queue, o->args.y.buffer, 0, want->bytes, &poison, 1, NULL));
    assert_ok(arete_conv_run(plan, p->queue, &o->args, ARETE_WAIT_NONE, NULL));
    assert_ok(arete_queue_read(p->queue, o->args.y.buffer, 0, want->bytes, got, ARETE_WAIT_NONE, NULL));
    uint64_t at = 0;
    double largest = 0;
    for (uint64_t i = 0; i < want->count; ++i)
        largest = fmax(largest, fabs(node_value(want->dtype, want->data, i)));
    if (!node_same(want, got, 1e-5, 2e-5 * largest, &at))
        fail_msg("%s by %s: element %llu is %g, not %g", of->folder, arete_plan_solver(plan), (unsigned long long)at,
                 node_value(want->dtype, got, at), node_value(want->dtype, want->data, at));
    ++p->runs;
    arete_buffer_release(o->args.packed_w);
    arete_plan_release(plan);
    free(got);
}

static bool run_case(const node_case *of, void *with) {
    place *p = with;
    operands o = {0};
    read_operands(p, of, &o);
    read_attributes(of, o.args.x.rank - 2, &o.desc);
    const ar_onnx_array *want = &of->outputs[0];
    o.args.y.dtype = want->dtype;
    assert_ok(arete_conv_output(&o.desc, &o.args.x, &o.args.w, &o.args.y));
    assert_int_equal(o.args.y.rank, want->rank);
    for (uint32_t d = 0; d < want->rank; ++d)
        assert_int_equal(o.args.y.dims[d], want->dims[d]);
    assert_ok(arete_buffer_create(p->device, want->bytes, &o.args.y.buffer));
    run_solver(p, of, &o, NULL, false);
    bool forced = p->cases % p->every == 0;
    for (size_t i = 0; forced && ar_conv_solvers[i]; ++i) /* packing or not in turns: each is a program to compile */
        run_solver(p, of, &o, ar_conv_solvers[i]->name, p->cases % 2);
    ++p->cases;
    arete_buffer_release(o.args.y.buffer);
    for (size_t i = 0; i < o.count; ++i)
        arete_buffer_release(o.buffers[i]);
    return true;
}

/* Which cases are run by every solver, and not by the library's choice alone: each every-th. */
static size_t forced_every = 1;

static void run_all(arete_device *device) {
    static const struct {
        const char *folder, *op;
        size_t least;
    } sets[] = {{"node", "Conv", 6},          {"node", "ConvTranspose", 9},
                {"node", "ConvInteger", 3},   {"node", "QLinearConv", 1},
                {"pytorch-converted", "Conv", 24}, {"pytorch-converted", "ConvTranspose", 2},
                {"pytorch-operator", "Conv", 1},   {"pytorch-operator", "ConvTranspose", 1}};
    place p = {.device = device, .every = forced_every};
    assert_ok(arete_queue_create(device, 0, &p.queue));
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; ++i) {
        size_t before = p.cases;
        nodes_each(sets[i].folder, sets[i].op, run_case, &p);
        if (p.cases - before < sets[i].least)
            fail_msg("%s has %zu cases of %s, not %zu", sets[i].folder, p.cases - before, sets[i].op, sets[i].least);
    }
    print_message("%zu cases, %zu runs on %s\n", p.cases, p.runs, arete_device_get_info(device)->id);
    arete_queue_release(p.queue);
}

static void cases(void **state) {
    (void)state;
    if (!nodes_here()) {
        print_message("skipped: ONNX's test data (libonnx-testdata) is not here\n");
        skip();
    }
    arete_context_desc desc = {.log_level = ARETE_LOG_OFF};
    arete_context *context = NULL;
    arete_device *device = NULL;
    assert_ok(arete_context_create(&desc, &context));
    assert_ok(arete_device_find(context, "reference", &device));
    run_all(device);
    assert_ok(arete_device_find(context, NULL, &device));
    if (arete_device_get_info(device)->kind != ARETE_DEVICE_REFERENCE)
        run_all(device);
    arete_context_release(context);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases)};
    if (argc > 1 && atoi(argv[1]) > 0)
        forced_every = (size_t)atoi(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
