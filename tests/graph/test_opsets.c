/* Operators whose meaning or form changed between opsets, and models of f16: the same operator in an old and a new
 * opset, on an input of 1, 2, 3, ... The reference device. */
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

/* Runs the model on x = 1, 2, 3, ... and holds the first values of its output against those in the list. */
static void gives(const char *text, const char *want) {
    static float x[256], y[256];
    static uint16_t half[256];
    size_t bytes;
    arete_model *model = NULL;
    arete_device *device = arete_queue_device(queue);
    uint8_t *data = model_bytes_from_text(text, &bytes);
    if (arete_model_read(device, data, bytes, NULL, NULL, &model) != ARETE_OK)
        fail_msg("%s\nof: %s", arete_error_text(), text);
    free(data);
    arete_tensor in = arete_model_input(model, 0).tensor, out = arete_model_output(model, 0).tensor;
    for (int i = 0; i < 256; i++) {
        x[i] = (float)(i + 1);
        half[i] = arete_f16_from_f32(x[i]);
    }
    bool narrow = in.dtype == ARETE_F16;
    assert_int_equal(arete_buffer_create(device, sizeof x, &in.buffer), ARETE_OK);
    assert_int_equal(arete_buffer_create(device, sizeof y, &out.buffer), ARETE_OK);
    assert_int_equal(arete_queue_write(queue, in.buffer, 0, narrow ? sizeof half : sizeof x,
                                       narrow ? (const void *)half : x, ARETE_WAIT_NONE, NULL),
                     ARETE_OK);
    if (arete_model_run(model, queue, &in, 1, &out, 1, ARETE_WAIT_NONE, NULL) != ARETE_OK)
        fail_msg("%s\nof: %s", arete_error_text(), text);
    memset(y, 0, sizeof y);
    size_t count = (size_t)arete_tensor_elements(&out), size = arete_dtype_size(out.dtype), at = 0;
    assert_true(count * size <= sizeof y);
    assert_int_equal(arete_queue_read(queue, out.buffer, 0, count * size, y, ARETE_WAIT_NONE, NULL), ARETE_OK);
    assert_int_equal(arete_queue_finish(queue), ARETE_OK);
    for (const char *word = want; *word; at++) {
        char *end;
        double wanted = strtod(word, &end);
        uint16_t bits;
        memcpy(&bits, (const char *)y + 2 * at, 2);
        double got = out.dtype == ARETE_F16 ? (double)arete_f32_from_f16(bits) : (double)y[at];
        if (at >= count || fabs(got - wanted) > 2e-3 * fabs(wanted) + 1e-5)
            fail_msg("value %zu of %zu is %g, not %g\nof: %s", at, count, got, wanted, text);
        word = *end == ',' ? end + 1 : end;
    }
    arete_buffer_release(in.buffer);
    arete_buffer_release(out.buffer);
    arete_model_release(model);
}

/* Before 13 softmax takes all dimensions from the axis on for one. */
static void softmax(void **state) {
    (void)state;
    gives("opset 12; input x f32 1x2x2; Softmax x y axis=1; output y", "0.0320586,0.0871443,0.236883,0.643914");
    gives("opset 13; input x f32 1x2x2; Softmax x y axis=1; output y", "0.119203,0.119203,0.880797,0.880797");
    gives("opset 12; input x f32 2x2; Softmax x y; output y", "0.268941,0.731059,0.268941,0.731059");
    gives("opset 13; input x f32 2x2; Softmax x y; output y", "0.268941,0.731059,0.268941,0.731059");
}

/* What were attributes became inputs. */
static void attributes(void **state) {
    (void)state;
    gives("opset 9; input x f32 2x3; Slice x y axes=[1] starts=[1] ends=[3]; output y", "2,3,5,6");
    gives("opset 10; input x f32 2x3; init s i64 1 1; init e i64 1 3; Slice x,s,e,s y; output y", "2,3,5,6");
    gives("opset 6; input x f32 4; Clip x y min=2.0 max=3.0; output y", "2,2,3,3");
    gives("opset 11; input x f32 4; init a f32 - 2; init b f32 - 3; Clip x,a,b y; output y", "2,2,3,3");
    gives("opset 11; input x f32 4; init b f32 - 3; Clip x,,b y; output y", "1,2,3,3");
    gives("opset 7; input x f32 2; Pad x y pads=[1,1] value=9.0 mode=\"constant\"; output y", "9,1,2,9");
    gives("opset 11; input x f32 2; init p i64 2 1,1; init v f32 - 9; Pad x,p,v y; output y", "9,1,2,9");
    gives("opset 11; input x f32 2x2; ReduceSum x y axes=[0] keepdims=0; output y", "4,6");
    gives("opset 13; input x f32 2x2; init a i64 1 0; ReduceSum x,a y keepdims=0; output y", "4,6");
    gives("opset 17; input x f32 2x2; ReduceMax x y axes=[0] keepdims=0; output y", "3,4");
    gives("opset 18; input x f32 2x2; init a i64 1 0; ReduceMax x,a y keepdims=0; output y", "3,4");
    gives("opset 11; input x f32 1x2; Squeeze x z axes=[0]; Unsqueeze z y axes=[1]; output y", "1,2");
    gives("opset 13; input x f32 1x2; init a i64 1 0; init b i64 1 1; Squeeze x,a z; Unsqueeze z,b y; output y",
          "1,2");
    gives("opset 12; input x f32 4; Split x z,y split=[1,3]; output y", "2,3,4");
    gives("opset 13; input x f32 4; init s i64 2 1,3; Split x,s z,y; output y", "2,3,4");
    gives("opset 18; input x f32 5; Split x z,y num_outputs=2; output y", "4,5");
    gives("opset 9; input x f32 4; TopK x y,i k=2; output y", "4,3");
    gives("opset 11; input x f32 4; init k i64 1 2; TopK x,k y,i largest=0; output y", "1,2");
    gives("opset 6; input x f32 4; Dropout x y ratio=0.5; output y", "1,2,3,4");
    gives("opset 4; input x f32 4; Reshape x y shape=[2,2]; output y", "1,2,3,4");
}

static void scaling(void **state) {
    (void)state;
    gives("opset 7; input x f32 1x1x1x2; Upsample x y mode=\"nearest\" scales=[1.0,1.0,1.0,2.0]; output y",
          "1,1,2,2");
    gives("opset 9; input x f32 1x1x1x2; init s f32 4 1,1,1,2; Upsample x,s y; output y", "1,1,2,2");
    gives("opset 10; input x f32 1x1x1x2; init s f32 4 1,1,1,2; Resize x,s y mode=\"linear\"; output y",
          "1,1.5,2,2");
    gives("opset 13; input x f32 1x1x1x2; init s f32 4 1,1,1,2; Resize x,,s y mode=\"linear\"; output y",
          "1,1.25,1.75,2");
}

static void norms(void **state) {
    (void)state;
    const char *rest =
        "input x f32 1x2x2; init s f32 2 2,1; init b f32 2 0,1; init m f32 2 1,3; init v f32 2 1,4; ";
    char text[512];
    for (int opset = 7; opset <= 21; opset++) {
        snprintf(text, sizeof text, "opset %d; %sBatchNormalization x,s,b,m,v y epsilon=0.0 %s; output y", opset,
                 rest, opset < 9 ? "spatial=1" : "");
        gives(text, "0,2,1,1.5");
    }
    gives("opset 18; input x f32 1x2x2; init s f32 1 2; init b f32 1 1; GroupNormalization x,s,b y num_groups=1 "
          "epsilon=0.0; "
          "output y",
          "-1.68328,0.105573,1.894427,3.68328");
}

/* Storage of two bytes, arithmetic in f32. */
static void halves(void **state) {
    (void)state;
    gives("opset 13; input x f16 2x2; init w f16 2x2 1,2,3,4; MatMul x,w y; output y", "7,10,15,22");
    gives("opset 13; input x f16 1x1x2x2; init w f16 1x1x1x1 0.5; Conv x,w z; Relu z y; output y", "0.5,1,1.5,2");
    gives("opset 13; input x f16 2x2; Softmax x s axis=1; Cast s y to=1; output y", "0.2689,0.7311");
    gives("opset 17; input x f16 1x4; init s f16 4 1; LayerNormalization x,s y epsilon=0.0; output y",
          "-1.3416,-0.4472,0.4472,1.3416");
    gives("opset 14; input x f16 1x1x1; init w f16 1x4x1 0.5; init r f16 1x4x1 0; LSTM x,w,r s,y hidden_size=1; "
          "output y",
          "0.17427");
    gives("opset 13; input x f32 4; Cast x h to=10; Sqrt h r; Cast r y to=1; output y", "1,1.4142,1.7321,2");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(softmax), cmocka_unit_test(attributes), cmocka_unit_test(scaling),
        cmocka_unit_test(norms),   cmocka_unit_test(halves),
    };
    return cmocka_run_group_tests(tests, open_queue, close_queue);
}
