/* What a stranger's first product takes. Not a test: `time first_result` from process start to the result in the
 * host's hands, 1024^3 in f32, one line of which is looked at. With cold caches: after emptying, or pointing
 * elsewhere, ARETE_CACHE_DIR and POCL_CACHE_DIR. */
#include <stdio.h>
#include <stdlib.h>

#include <arete/arete.h>

enum { N = 1024 };

static int fails(arete_status status, const char *what) {
    if (status != ARETE_OK)
        fprintf(stderr, "%s: %s: %s\n", what, arete_status_name(status), arete_error_text());
    return status != ARETE_OK;
}

static int first(arete_queue *queue, arete_buffer *buffer) {
    const int64_t dims[] = {N, N};
    const uint64_t bytes = (uint64_t)N * N * sizeof(float);
    float *host = malloc(2 * bytes), line[N];
    int failed = host == NULL;
    for (size_t i = 0; i < 2 * (size_t)N * N && !failed; i++)
        host[i] = (float)((int)(i * 7 % 13) - 6);
    arete_matmul_args args = {0};
    args.a = arete_tensor_make(buffer, 0, ARETE_F32, 2, dims);
    args.b = arete_tensor_make(buffer, bytes, ARETE_F32, 2, dims);
    args.c = arete_tensor_make(buffer, 2 * bytes, ARETE_F32, 2, dims);
    failed = failed || fails(arete_queue_write(queue, buffer, 0, 2 * bytes, host, ARETE_WAIT_NONE, NULL), "write") ||
             fails(arete_matmul(queue, NULL, &args, ARETE_WAIT_NONE, NULL), "matmul") ||
             fails(arete_queue_read(queue, buffer, 2 * bytes, sizeof line, line, ARETE_WAIT_NONE, NULL), "read");
    for (size_t j = 0; j < N && !failed; j++) {
        float want = 0; /* whole numbers: exact */
        for (size_t k = 0; k < N; k++)
            want += host[k] * host[(size_t)N * N + k * N + j];
        failed = want != line[j];
    }
    free(host);
    return failed;
}

int main(void) {
    arete_context *context = NULL;
    arete_device *device = NULL;
    arete_queue *queue = NULL;
    arete_buffer *buffer = NULL;
    int failed = fails(arete_context_create(NULL, &context), "context") ||
                 fails(arete_device_find(context, NULL, &device), "device") ||
                 fails(arete_queue_create(device, 0, &queue), "queue") ||
                 fails(arete_buffer_create(device, (uint64_t)3 * N * N * sizeof(float), &buffer), "buffer") ||
                 first(queue, buffer);
    printf("%s: %s\n", device ? arete_device_get_info(device)->name : "no device", failed ? "WRONG" : "right");
    arete_buffer_release(buffer);
    arete_queue_release(queue);
    arete_context_release(context);
    return failed;
}
