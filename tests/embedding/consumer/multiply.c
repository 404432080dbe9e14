/* A program of somebody else's: one product on the best device here, checked. */
#include <stdio.h>

#include <arete/arete.h>

static int fails(arete_status status, const char *what) {
    if (status != ARETE_OK) {
        fprintf(stderr, "%s: %s: %s\n", what, arete_status_name(status), arete_error_text());
    }
    return status != ARETE_OK;
}

int main(void) {
    const float a[2 * 3] = {1, 2, 3, 4, 5, 6}, b[3 * 2] = {1, 0, 0, 1, 1, 1};
    const float expected[2 * 2] = {4, 5, 10, 11};
    const int64_t a_dims[] = {2, 3}, b_dims[] = {3, 2}, c_dims[] = {2, 2};
    float c[2 * 2] = {0};
    arete_context *context = NULL;
    arete_device *device = NULL;
    arete_queue *queue = NULL;
    arete_buffer *buffer = NULL;
    int failed = fails(arete_context_create(NULL, &context), "context") ||
                 fails(arete_device_find(context, NULL, &device), "device") ||
                 fails(arete_queue_create(device, 0, &queue), "queue") ||
                 fails(arete_buffer_create(device, 1024, &buffer), "buffer") ||
                 fails(arete_queue_write(queue, buffer, 0, sizeof a, a, ARETE_WAIT_NONE, NULL), "a") ||
                 fails(arete_queue_write(queue, buffer, 256, sizeof b, b, ARETE_WAIT_NONE, NULL), "b");
    if (!failed) {
        arete_matmul_args args = {0};
        args.a = arete_tensor_make(buffer, 0, ARETE_F32, 2, a_dims);
        args.b = arete_tensor_make(buffer, 256, ARETE_F32, 2, b_dims);
        args.c = arete_tensor_make(buffer, 512, ARETE_F32, 2, c_dims);
        failed = fails(arete_matmul(queue, NULL, &args, ARETE_WAIT_NONE, NULL), "matmul") ||
                 fails(arete_queue_read(queue, buffer, 512, sizeof c, c, ARETE_WAIT_NONE, NULL), "c");
    }
    for (int i = 0; i < 4 && !failed; i++) {
        failed = c[i] != expected[i];
    }
    printf("%s: %g %g %g %g\n", device ? arete_device_get_info(device)->name : "no device", (double)c[0],
           (double)c[1], (double)c[2], (double)c[3]);
    arete_buffer_release(buffer);
    arete_queue_release(queue);
    arete_context_release(context);
    return failed;
}
