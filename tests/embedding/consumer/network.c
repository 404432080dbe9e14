/* Runs an ONNX model of one input, filled with ones, and one output, by the installed libarete_graph. */
#include <arete/model.h>
#include <stdio.h>
#include <stdlib.h>

static int failed(const char *what) {
    fprintf(stderr, "%s: %s\n", what, arete_error_text());
    return 1;
}

int main(int argc, char **argv) {
    arete_context *context = NULL;
    arete_device *device = NULL;
    arete_queue *queue = NULL;
    arete_model *model = NULL;
    if (argc != 2)
        return 2;
    if (arete_context_create(NULL, &context) != ARETE_OK || arete_device_find(context, "reference", &device) != ARETE_OK ||
        arete_queue_create(device, 0, &queue) != ARETE_OK)
        return failed("device");
    if (arete_model_load(device, "/nonexistent.onnx", NULL, &model) != ARETE_E_NOT_FOUND || !arete_error_text()[0])
        return failed("a file that is not there");
    if (arete_model_load(device, argv[1], NULL, &model) != ARETE_OK)
        return failed("load");
    arete_tensor in = arete_model_input(model, 0).tensor, out = arete_model_output(model, 0).tensor;
    size_t in_count = (size_t)arete_tensor_elements(&in), out_count = (size_t)arete_tensor_elements(&out);
    float *data = malloc((in_count + out_count) * sizeof *data);
    for (size_t i = 0; data && i < in_count; i++)
        data[i] = 1;
    if (!data || arete_buffer_create(device, in_count * sizeof *data, &in.buffer) != ARETE_OK ||
        arete_buffer_create(device, out_count * sizeof *data, &out.buffer) != ARETE_OK ||
        arete_queue_write(queue, in.buffer, 0, in_count * sizeof *data, data, ARETE_WAIT_NONE, NULL) != ARETE_OK ||
        arete_model_run(model, queue, &in, 1, &out, 1, ARETE_WAIT_NONE, NULL) != ARETE_OK ||
        arete_queue_read(queue, out.buffer, 0, out_count * sizeof *data, data + in_count, ARETE_WAIT_NONE, NULL) !=
            ARETE_OK ||
        arete_queue_finish(queue) != ARETE_OK)
        return failed("run");
    float sum = 0;
    for (size_t i = 0; i < out_count; i++)
        sum += data[in_count + i];
    printf("%s: %zu outputs, sum %g\n", arete_model_output(model, 0).name, out_count, (double)sum);
    free(data);
    arete_buffer_release(in.buffer);
    arete_buffer_release(out.buffer);
    arete_model_release(model);
    arete_queue_release(queue);
    arete_context_release(context);
    return 0;
}
