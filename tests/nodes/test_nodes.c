/* The reader of node cases, held against what is known of some of them. */
#include <stdio.h>
#include <string.h>

#include "../core/test.h"
#include "nodes.h"

static bool look_at_lstm(const node_case *of, void *with) {
    size_t *seen = with;
    if (strcmp(of->folder, "node/test_lstm_with_peepholes") == 0) {
        ++*seen;
        assert_int_equal(node_int(of, "hidden_size", 0), 3);
        assert_int_equal(of->input_count, 8);
        assert_string_equal(of->inputs[0].name, "X");
        assert_int_equal(of->inputs[0].rank, 3);
        assert_int_equal(of->inputs[4].dtype, ARETE_I32);
        assert_int_equal(of->inputs[7].count, 9);
        assert_int_equal(of->output_count, 2); /* the first is left out */
        assert_null(of->outputs[0].data);
        assert_int_equal(of->outputs[1].count, 6);
    }
    return true;
}

static bool look_at_conv(const node_case *of, void *with) {
    int64_t values[8];
    size_t *seen = with;
    if (strcmp(of->folder, "node/test_basic_conv_with_padding") == 0) {
        ++*seen;
        assert_int_equal(node_ints(of, "pads", values, 8), 4);
        assert_int_equal(values[3], 1);
        assert_int_equal(node_ints(of, "no such", values, 8), 0);
        assert_float_equal(node_value(ARETE_F32, of->inputs[0].data, 7), 7, 0);
    }
    return true;
}

static bool same_as_itself(const node_case *of, void *with) {
    size_t *compared = with;
    for (size_t i = 0; i < of->output_count; i++) {
        uint64_t at = 0;
        if (!of->outputs[i].data || of->outputs[i].count == 0)
            continue;
        assert_true(node_same(&of->outputs[i], of->outputs[i].data, 0, 0, &at));
        ++*compared;
    }
    return true;
}

static void cases(void **state) {
    size_t seen = 0, compared = 0;
    (void)state;
    if (!nodes_here()) {
        print_message("skipped: ONNX's test data (libonnx-testdata) is not here\n");
        skip();
    }
    assert_true(nodes_each("node", "LSTM", look_at_lstm, &seen) >= 4);
    assert_true(nodes_each("node", "Conv", look_at_conv, &seen) >= 5);
    assert_int_equal(seen, 2);
    assert_true(nodes_each("pytorch-converted", "Conv", same_as_itself, &compared) >= 20);
    assert_true(nodes_each("node", NULL, same_as_itself, &compared) >= 700);
    print_message("%zu outputs read\n", compared);
}

static void hostile_tensors(void **state) {
    int64_t dims[2] = {INT64_MAX / 2, 5};
    float one = 1;
    Onnx__TensorProto tensor = ONNX__TENSOR_PROTO__INIT;
    ar_onnx_array array;
    (void)state;
    tensor.dims = dims;
    tensor.n_dims = 2;
    tensor.has_data_type = 1;
    tensor.data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    tensor.float_data = &one;
    tensor.n_float_data = 1;
    assert_int_equal(ar_onnx_array_read(&tensor, &array), ARETE_E_FORMAT);
    dims[0] = 1;
    dims[1] = 2;
    assert_int_equal(ar_onnx_array_read(&tensor, &array), ARETE_E_FORMAT);
    dims[1] = -1;
    assert_int_equal(ar_onnx_array_read(&tensor, &array), ARETE_E_FORMAT);
    dims[1] = 1;
    assert_int_equal(ar_onnx_array_read(&tensor, &array), ARETE_OK);
    assert_float_equal(node_value(array.dtype, array.data, 0), 1, 0);
    ar_onnx_array_free(&array);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases), cmocka_unit_test(hostile_tensors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
