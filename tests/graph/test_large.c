/* A model of more than 2 GB by external data: a sparse file of 24576 x 24576 weights, of which a few are not zero.
 *
 *   large DEVICE FOLDER */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "arete/model.h"
#include "hostile_load.h"
#include "model_text.h"

enum { WIDE = 24576 };

static int failed(const char *what) {
    printf("%s: %s\n", what, arete_error_text());
    return 1;
}

static int write_weights(const char *path) {
    const float some[3] = {3, 5, 7};
    const off_t bytes = (off_t)WIDE * WIDE * 4;
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    int bad = file < 0 || ftruncate(file, bytes) != 0 || pwrite(file, &some[0], 4, 0) != 4 ||
              pwrite(file, &some[1], 4, bytes - 4) != 4 || pwrite(file, &some[2], 4, bytes / 2 + 4 * 17) != 4;
    if (file >= 0)
        bad |= close(file) != 0;
    return bad;
}

static int run(arete_device *device, const char *folder, const uint8_t *data, size_t bytes) {
    static float x[WIDE], y[WIDE];
    arete_queue *queue = NULL;
    arete_model *model = NULL;
    arete_model_info info;
    arete_buffer *buffers[2] = {NULL, NULL};
    int bad = 1;
    for (int i = 0; i < WIDE; i++)
        x[i] = 1;
    if (arete_queue_create(device, 0, &queue) != ARETE_OK)
        return failed("queue");
    if (arete_model_read(device, data, bytes, folder, NULL, &model) != ARETE_OK) {
        failed("load");
        goto out;
    }
    arete_model_get_info(model, &info);
    arete_tensor in = arete_model_input(model, 0).tensor, out = arete_model_output(model, 0).tensor;
    if (arete_buffer_create(device, sizeof x, &buffers[0]) != ARETE_OK ||
        arete_buffer_create(device, sizeof y, &buffers[1]) != ARETE_OK)
        goto out;
    in.buffer = buffers[0];
    out.buffer = buffers[1];
    if (arete_queue_write(queue, in.buffer, 0, sizeof x, x, ARETE_WAIT_NONE, NULL) != ARETE_OK ||
        arete_model_run(model, queue, &in, 1, &out, 1, ARETE_WAIT_NONE, NULL) != ARETE_OK ||
        arete_queue_read(queue, out.buffer, 0, sizeof y, y, ARETE_WAIT_NONE, NULL) != ARETE_OK ||
        arete_queue_finish(queue) != ARETE_OK) {
        failed("run");
        goto out;
    }
    float sum = 0;
    for (int i = 0; i < WIDE; i++)
        sum += y[i];
    bad = y[0] != 3 || y[17] != 7 || y[WIDE - 1] != 5 || sum != 15;
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    printf("%s: %.2f GB of weights; peak memory %.2f GB, the file's pages and the device's memory included\n",
           arete_device_get_info(device)->name, (double)info.weight_bytes * 1e-9, (double)use.ru_maxrss * 1024e-9);
    /* weights once on the device, once more while they are packed, and the file's own pages */
    bad |= (double)use.ru_maxrss * 1024 > 3.3 * (double)WIDE * WIDE * 4;
out:
    arete_model_release(model);
    arete_buffer_release(buffers[0]);
    arete_buffer_release(buffers[1]);
    arete_queue_release(queue);
    return bad;
}

int main(int argc, char **argv) {
    char path[4096];
    arete_context *context = NULL;
    arete_device *device = NULL;
    size_t bytes;
    if (argc != 3)
        return 2;
    if (arete_context_create(NULL, &context) != ARETE_OK ||
        arete_device_find(context, argv[1], &device) != ARETE_OK) {
        printf("skipped: %s\n", arete_error_text());
        arete_context_release(context);
        return 77;
    }
    snprintf(path, sizeof path, "%s/large_weights", argv[2]);
    uint8_t *data = model_bytes_from_text("input x f32 1x24576; external w f32 24576x24576 location=large_weights; "
                                          "MatMul x,w y; output y",
                                          &bytes);
    int bad = write_weights(path) ? (perror(path), 1) : run(device, argv[2], data, bytes);
    unlink(path);
    free(data);
    arete_context_release(context);
    return bad;
}
