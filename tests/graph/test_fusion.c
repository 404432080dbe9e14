/* What becomes fewer steps: how many are left, and that the result is that of the nodes one by one. The reference
 * device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model_text.h"
#include "queue.h"

enum { MOST = 1024 };

static arete_model *load(const char *text, bool fused) {
    const arete_model_desc desc = {.no_fusion = !fused};
    arete_model *model = NULL;
    size_t bytes;
    uint8_t *data = model_bytes_from_text(text, &bytes);
    if (arete_model_read(arete_queue_device(queue), data, bytes, NULL, &desc, &model) != ARETE_OK)
        fail_msg("%s\nof: %s", arete_error_text(), text);
    free(data);
    return model;
}

static arete_tensor port_with_buffer(arete_model_port port) {
    assert_true(arete_tensor_elements(&port.tensor) <= MOST && port.tensor.dtype == ARETE_F32);
    assert_int_equal(arete_buffer_create(arete_queue_device(queue), MOST * sizeof(float), &port.tensor.buffer),
                     ARETE_OK);
    return port.tensor;
}

/* The model's outputs, one behind the other, of inputs that are the same each time; how many values. */
static size_t results(arete_model *model, float *values) {
    arete_tensor in[4], out[4];
    size_t inputs = arete_model_input_count(model), outputs = arete_model_output_count(model), count = 0;
    float x[MOST];
    assert_true(inputs <= 4 && outputs <= 4);
    for (size_t i = 0; i < inputs; i++) {
        in[i] = port_with_buffer(arete_model_input(model, i));
        for (size_t e = 0; e < MOST; e++)
            x[e] = (float)((int)((e * 37 + i * 11) % 101) - 50) / 40;
        assert_int_equal(arete_queue_write(queue, in[i].buffer, 0, sizeof x, x, ARETE_WAIT_NONE, NULL), ARETE_OK);
        assert_int_equal(arete_queue_finish(queue), ARETE_OK);
    }
    for (size_t i = 0; i < outputs; i++)
        out[i] = port_with_buffer(arete_model_output(model, i));
    assert_int_equal(arete_model_run(model, queue, in, inputs, out, outputs, ARETE_WAIT_NONE, NULL), ARETE_OK);
    for (size_t i = 0; i < outputs; i++) {
        size_t its = (size_t)arete_tensor_elements(&out[i]);
        assert_true(count + its <= MOST);
        assert_int_equal(
            arete_queue_read(queue, out[i].buffer, 0, its * sizeof(float), values + count, ARETE_WAIT_NONE, NULL),
            ARETE_OK);
        count += its;
    }
    assert_int_equal(arete_queue_finish(queue), ARETE_OK);
    for (size_t i = 0; i < inputs; i++)
        arete_buffer_release(in[i].buffer);
    for (size_t i = 0; i < outputs; i++)
        arete_buffer_release(out[i].buffer);
    return count;
}

static void check_values(const char *text, arete_model *fused) {
    float got[MOST], want[MOST];
    arete_model *plain = load(text, false);
    size_t count = results(plain, want);
    assert_int_equal(results(fused, got), count);
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(got[i] - want[i]) <= 2e-6f * (1 + fabsf(want[i]))))
            fail_msg("value %zu is %g fused, but %g by the nodes one by one\nof: %s", i, (double)got[i],
                     (double)want[i], text);
    arete_model_release(plain);
}

/* The families of the steps that are left, "matmul attention", and the same values. */
static void becomes(const char *text, const char *want) {
    char families[256] = "";
    arete_model *model = load(text, true);
    arete_model_info info;
    arete_model_get_info(model, &info);
    for (size_t s = 0; s < info.steps; s++) {
        size_t at = strlen(families);
        snprintf(families + at, sizeof families - at, "%s%s", s ? " " : "", arete_model_get_step(model, s).family);
    }
    if (strcmp(families, want) != 0)
        fail_msg("became '%s', not '%s'\nof: %s", families, want, text);
    check_values(text, model);
    arete_model_release(model);
}

/* Two heads of four, five rows, from three products that the arguments write. */
#define HEADS(wq, wk, wv)                                                                                          \
    "opset 17; input x f32 1x5x6; init s i64 4 1,5,2,4; init c f32 - 0.5; "                                        \
    "init wq f32 6x8 0.1,0.3,-0.2,0.4,-0.1; init wk f32 6x8 -0.3,0.2,0.1; "                                        \
    "init wv f32 6x8 0.5,-0.4,0.3,0.2,0.1,-0.6,0.7; init bq f32 8 0.1,-0.2,0.3; init bv f32 8 0.7,-0.4; " wq wk wv \
    "Reshape q,s q4; Reshape k,s k4; Reshape v,s v4; Transpose q4 qh perm=[0,2,1,3]; "                             \
    "Transpose k4 kh perm=[0,2,3,1]; Transpose v4 vh perm=[0,2,1,3]; MatMul qh,kh m; Mul m,c n; "                  \
    "Softmax n p axis=-1; MatMul p,vh y; "

/* Queries, keys and values of one input: one product, which attention reads in three places. */
static void shared_rows(void **state) {
    (void)state;
    becomes(HEADS("MatMul x,wq q; ", "MatMul x,wk k; ", "MatMul x,wv v; ") "output y", "matmul attention");
    /* with biases for some of them */
    becomes(HEADS("MatMul x,wq q0; Add q0,bq q; ", "MatMul x,wk k; ", "MatMul x,wv v0; Add v0,bv v; ") "output y",
            "matmul attention");
    /* the keys are the network's result, too, or of other rows, or have an activation of their own: apart */
    becomes(HEADS("MatMul x,wq q; ", "MatMul x,wk k; ", "MatMul x,wv v; ") "output y; output k",
            "matmul matmul matmul attention");
    becomes(HEADS("MatMul x,wq q; ", "Neg x o; MatMul o,wk k; ", "MatMul x,wv v; ") "output y",
            "matmul layer matmul attention");
    becomes(HEADS("MatMul x,wq q; ", "MatMul x,wk k0; Relu k0 k; ", "MatMul x,wv v; ") "output y",
            "matmul matmul attention");
}

/* A slice, a row or a cast that lies together in memory is no step. */
static void pieces(void **state) {
    (void)state;
    const char *rows = "opset 17; input x f32 4x6; init a i64 1 1; init e i64 1 3; init o i64 1 0; ";
    char text[512];
    snprintf(text, sizeof text, "%sRelu x r; Slice r,a,e,o p; Exp p y; output y", rows);
    becomes(text, "layer layer"); /* rows 1 and 2 */
    snprintf(text, sizeof text, "%sRelu x r; init i i64 - -1; Gather r,i p; Exp p y; output y", rows);
    becomes(text, "layer layer"); /* the last row */
    snprintf(text, sizeof text, "%sSlice x,a,e,o p; Slice p,o,a,o q; Exp q y; output y", rows);
    becomes(text, "layer"); /* a piece of a piece of an input */
    snprintf(text, sizeof text, "%sRelu x r; Slice r,a,e,a p; Exp p y; output y", rows);
    becomes(text, "layer layer layer"); /* columns do not lie together */
    snprintf(text, sizeof text, "%sRelu x r; Slice r,a,e,o y; output y", rows);
    becomes(text, "layer layer"); /* a result of the network has memory of its own */
}

/* GELU as exporters write it, behind a product with a bias: all in the product's epilogue. */
static void gelu(void **state) {
    (void)state;
    const char *product =
        "opset 17; input x f32 5x6; init w f32 6x8 0.1,0.3,-0.2,0.4,-0.1; init b f32 8 0.1,-0.2,0.3; "
        "init r f32 - 1.4142135; init i f32 - 0.70710678; init h f32 - 0.5; init o f32 - 1; "
        "MatMul x,w m; Add m,b z; ";
    const char *const forms[] = {
        "Div z,r d; Erf d e; Add e,o s; Mul z,s t; Mul t,h y; ",
        "Mul z,i d; Erf d e; Add o,e s; Mul s,z t; Mul h,t y; ",
        "Mul z,h t; Div z,r d; Erf d e; Add e,o s; Mul t,s y; ",
    };
    char text[768];
    for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
        snprintf(text, sizeof text, "%s%soutput y", product, forms[f]);
        becomes(text, "matmul");
    }
    /* the sum before it is wanted, too */
    snprintf(text, sizeof text, "%s%soutput y; output z", product, forms[0]);
    becomes(text, "matmul layer");
    /* another constant is no GELU, but a chain */
    snprintf(text, sizeof text, "%sMul z,h d; Erf d e; Add e,o s; Mul z,s t; Mul t,h y; output y", product);
    becomes(text, "matmul layer");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_rows),
        cmocka_unit_test(pieces),
        cmocka_unit_test(gelu),
    };
    return cmocka_run_group_tests(tests, open_queue, close_queue);
}
