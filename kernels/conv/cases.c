/* The lists of cases: layers of networks that people run, and shapes that break kernels. */
#include <stdio.h>
#include <string.h>

#include "casework.h"
#include "words.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A square layer: channels in and out, extent of the input, kernel, stride, groups, and how often it occurs. Padding
 * keeps the extent, but for the stride. */
typedef struct layer {
    int c, m, extent, kernel, stride, groups, times;
} layer;

static void put_layer(const layer *l, int batch, char *text, size_t bytes) {
    int at = snprintf(text, bytes, "n=%d c=%d m=%d in=%dx%d k=%dx%d stride=%d pad=%d", batch, l->c, l->m, l->extent,
                      l->extent, l->kernel, l->kernel, l->stride, l->kernel / 2);
    snprintf(text + at, bytes - (size_t)at, " groups=%d prepack=1", l->groups);
}

/* ResNet-50 v1.5: the stride is in the 3x3. */
static const layer resnet50_layers[] = {
    {3, 64, 224, 7, 2, 1, 1}, {64, 64, 56, 1, 1, 1, 1}, {64, 64, 56, 3, 1, 1, 3}, {64, 256, 56, 1, 1, 1, 4},
    {256, 64, 56, 1, 1, 1, 2}, {256, 128, 56, 1, 1, 1, 1}, {128, 128, 56, 3, 2, 1, 1}, {128, 512, 28, 1, 1, 1, 4},
    {256, 512, 56, 1, 2, 1, 1}, {512, 128, 28, 1, 1, 1, 3}, {128, 128, 28, 3, 1, 1, 3},
    {512, 256, 28, 1, 1, 1, 1}, {256, 256, 28, 3, 2, 1, 1}, {256, 1024, 14, 1, 1, 1, 6},
    {512, 1024, 28, 1, 2, 1, 1}, {1024, 256, 14, 1, 1, 1, 5}, {256, 256, 14, 3, 1, 1, 5},
    {1024, 512, 14, 1, 1, 1, 1}, {512, 512, 14, 3, 2, 1, 1}, {512, 2048, 7, 1, 1, 1, 3},
    {1024, 2048, 14, 1, 2, 1, 1}, {2048, 512, 7, 1, 1, 1, 2}, {512, 512, 7, 3, 1, 1, 2},
};

/* MobileNet-v2, width 1. */
static const layer mobilenet_v2_layers[] = {
    {3, 32, 224, 3, 2, 1, 1}, {32, 32, 112, 3, 1, 32, 1}, {32, 16, 112, 1, 1, 1, 1}, {16, 96, 112, 1, 1, 1, 1},
    {96, 96, 112, 3, 2, 96, 1}, {96, 24, 56, 1, 1, 1, 1}, {24, 144, 56, 1, 1, 1, 2}, {144, 144, 56, 3, 1, 144, 1},
    {144, 24, 56, 1, 1, 1, 1}, {144, 144, 56, 3, 2, 144, 1}, {144, 32, 28, 1, 1, 1, 1}, {32, 192, 28, 1, 1, 1, 3},
    {192, 192, 28, 3, 1, 192, 2}, {192, 32, 28, 1, 1, 1, 2}, {192, 192, 28, 3, 2, 192, 1},
    {192, 64, 14, 1, 1, 1, 1}, {64, 384, 14, 1, 1, 1, 4}, {384, 384, 14, 3, 1, 384, 4}, {384, 64, 14, 1, 1, 1, 3},
    {384, 96, 14, 1, 1, 1, 1}, {96, 576, 14, 1, 1, 1, 3}, {576, 576, 14, 3, 1, 576, 2}, {576, 96, 14, 1, 1, 1, 2},
    {576, 576, 14, 3, 2, 576, 1}, {576, 160, 7, 1, 1, 1, 1}, {160, 960, 7, 1, 1, 1, 3},
    {960, 960, 7, 3, 1, 960, 3}, {960, 160, 7, 1, 1, 1, 2}, {960, 320, 7, 1, 1, 1, 1}, {320, 1280, 7, 1, 1, 1, 1},
};

static const layer vgg16_layers[] = {
    {3, 64, 224, 3, 1, 1, 1}, {64, 64, 224, 3, 1, 1, 1}, {64, 128, 112, 3, 1, 1, 1}, {128, 128, 112, 3, 1, 1, 1},
    {128, 256, 56, 3, 1, 1, 1}, {256, 256, 56, 3, 1, 1, 2}, {256, 512, 28, 3, 1, 1, 1},
    {512, 512, 28, 3, 1, 1, 2}, {512, 512, 14, 3, 1, 1, 3},
};

#define NETWORK(name, layers, batch)                                                                               \
    static bool name(size_t index, char *text, size_t bytes) {                                                     \
        if (index >= COUNT(layers))                                                                                \
            return false;                                                                                          \
        put_layer(&(layers)[index], batch, text, bytes);                                                           \
        return true;                                                                                               \
    }
NETWORK(resnet50, resnet50_layers, 1)
NETWORK(resnet50_b8, resnet50_layers, 8)
NETWORK(mobilenet_v2, mobilenet_v2_layers, 1)
NETWORK(mobilenet_v2_b8, mobilenet_v2_layers, 8)
NETWORK(vgg16, vgg16_layers, 1)

/* Baidu DeepBench (Apache-2.0): w, h, c, n, k (our m), then w and h of filter, padding and stride. */
static const int inference[][11] = {
    {700, 161, 1, 1, 32, 20, 5, 0, 0, 2, 2}, {700, 161, 1, 2, 32, 20, 5, 0, 0, 2, 2},
    {700, 161, 1, 4, 32, 20, 5, 0, 0, 2, 2}, {341, 79, 32, 1, 32, 10, 5, 0, 0, 2, 2},
    {341, 79, 32, 2, 32, 10, 5, 0, 0, 2, 2}, {341, 79, 32, 4, 32, 10, 5, 0, 0, 2, 2},
    {480, 48, 1, 1, 16, 3, 3, 1, 1, 1, 1}, {240, 24, 16, 1, 32, 3, 3, 1, 1, 1, 1},
    {120, 12, 32, 1, 64, 3, 3, 1, 1, 1, 1}, {60, 6, 64, 1, 128, 3, 3, 1, 1, 1, 1},
    {108, 108, 3, 1, 64, 3, 3, 1, 1, 2, 2}, {54, 54, 64, 1, 64, 3, 3, 1, 1, 1, 1},
    {27, 27, 128, 1, 128, 3, 3, 1, 1, 1, 1}, {14, 14, 128, 1, 256, 3, 3, 1, 1, 1, 1},
    {7, 7, 256, 1, 512, 3, 3, 1, 1, 1, 1}, {224, 224, 3, 1, 64, 3, 3, 1, 1, 1, 1},
    {112, 112, 64, 1, 128, 3, 3, 1, 1, 1, 1}, {56, 56, 128, 1, 256, 3, 3, 1, 1, 1, 1},
    {28, 28, 256, 1, 512, 3, 3, 1, 1, 1, 1}, {14, 14, 512, 1, 512, 3, 3, 1, 1, 1, 1},
    {7, 7, 512, 1, 512, 3, 3, 1, 1, 1, 1}, {224, 224, 3, 2, 64, 3, 3, 1, 1, 1, 1},
    {112, 112, 64, 2, 128, 3, 3, 1, 1, 1, 1}, {56, 56, 128, 2, 256, 3, 3, 1, 1, 1, 1},
    {28, 28, 256, 2, 512, 3, 3, 1, 1, 1, 1}, {14, 14, 512, 2, 512, 3, 3, 1, 1, 1, 1},
    {7, 7, 512, 2, 512, 3, 3, 1, 1, 1, 1}, {224, 224, 3, 1, 64, 7, 7, 3, 3, 2, 2},
    {28, 28, 192, 1, 32, 5, 5, 2, 2, 1, 1}, {28, 28, 192, 1, 64, 1, 1, 0, 0, 1, 1},
    {14, 14, 512, 1, 48, 5, 5, 2, 2, 1, 1}, {14, 14, 512, 1, 192, 1, 1, 0, 0, 1, 1},
    {7, 7, 832, 1, 256, 1, 1, 0, 0, 1, 1}, {7, 7, 832, 1, 128, 5, 5, 2, 2, 1, 1},
    {224, 224, 3, 2, 64, 7, 7, 3, 3, 2, 2}, {28, 28, 192, 2, 32, 5, 5, 2, 2, 1, 1},
    {28, 28, 192, 2, 64, 1, 1, 0, 0, 1, 1}, {14, 14, 512, 2, 48, 5, 5, 2, 2, 1, 1},
    {14, 14, 512, 2, 192, 1, 1, 0, 0, 1, 1}, {7, 7, 832, 2, 256, 1, 1, 0, 0, 1, 1},
    {7, 7, 832, 2, 128, 5, 5, 2, 2, 1, 1}, {56, 56, 64, 1, 64, 3, 3, 1, 1, 1, 1},
    {56, 56, 64, 1, 256, 1, 1, 0, 0, 2, 2}, {28, 28, 128, 1, 128, 3, 3, 1, 1, 1, 1},
    {28, 28, 128, 1, 512, 1, 1, 0, 0, 2, 2}, {14, 14, 256, 1, 256, 1, 1, 0, 0, 1, 1},
    {14, 14, 256, 1, 256, 3, 3, 1, 1, 1, 1}, {14, 14, 256, 1, 1024, 1, 1, 0, 0, 2, 2},
    {7, 7, 512, 1, 512, 1, 1, 0, 0, 1, 1}, {7, 7, 2048, 1, 512, 1, 1, 3, 3, 2, 2},
    {56, 56, 64, 2, 64, 3, 3, 1, 1, 1, 1}, {56, 56, 64, 2, 256, 1, 1, 0, 0, 2, 2},
    {28, 28, 128, 2, 128, 3, 3, 1, 1, 1, 1}, {28, 28, 128, 2, 512, 1, 1, 0, 0, 2, 2},
    {14, 14, 256, 2, 256, 1, 1, 0, 0, 1, 1}, {14, 14, 256, 2, 256, 3, 3, 1, 1, 1, 1},
    {14, 14, 256, 2, 1024, 1, 1, 0, 0, 2, 2}, {7, 7, 512, 2, 512, 1, 1, 0, 0, 1, 1},
    {7, 7, 2048, 2, 512, 1, 1, 3, 3, 2, 2}, {700, 161, 1, 1, 64, 5, 5, 1, 1, 2, 2},
    {350, 80, 64, 1, 64, 3, 3, 1, 1, 1, 1}, {350, 80, 64, 1, 128, 5, 5, 1, 1, 2, 2},
    {175, 40, 128, 1, 128, 3, 3, 1, 1, 1, 1}, {175, 40, 128, 1, 256, 5, 5, 1, 1, 2, 2},
    {84, 20, 256, 1, 256, 3, 3, 1, 1, 1, 1}, {84, 20, 256, 1, 512, 5, 5, 1, 1, 2, 2},
    {42, 10, 512, 1, 512, 3, 3, 1, 1, 1, 1}, {700, 161, 1, 2, 64, 5, 5, 1, 1, 2, 2},
    {350, 80, 64, 2, 64, 3, 3, 1, 1, 1, 1}, {350, 80, 64, 2, 128, 5, 5, 1, 1, 2, 2},
    {175, 40, 128, 2, 128, 3, 3, 1, 1, 1, 1}, {175, 40, 128, 2, 256, 5, 5, 1, 1, 2, 2},
    {84, 20, 256, 2, 256, 3, 3, 1, 1, 1, 1}, {84, 20, 256, 2, 512, 5, 5, 1, 1, 2, 2},
    {42, 10, 512, 2, 512, 3, 3, 1, 1, 1, 1}, {112, 112, 64, 1, 64, 1, 1, 0, 0, 1, 1},
    {56, 56, 64, 1, 256, 1, 1, 0, 0, 1, 1}, {56, 56, 256, 1, 64, 1, 1, 0, 0, 1, 1},
    {56, 56, 256, 1, 128, 1, 1, 0, 0, 2, 2}, {28, 28, 128, 1, 512, 1, 1, 0, 0, 1, 1},
    {28, 28, 512, 1, 128, 1, 1, 0, 0, 1, 1}, {28, 28, 512, 1, 256, 1, 1, 0, 0, 2, 2},
    {14, 14, 256, 1, 1024, 1, 1, 0, 0, 1, 1}, {28, 28, 512, 1, 1024, 1, 1, 0, 0, 2, 2},
    {14, 14, 1024, 1, 256, 1, 1, 0, 0, 1, 1}, {14, 14, 1024, 1, 512, 1, 1, 0, 0, 2, 2},
    {7, 7, 512, 1, 2048, 1, 1, 0, 0, 1, 1}, {14, 14, 1024, 1, 2048, 1, 1, 0, 0, 2, 2},
    {7, 7, 2048, 1, 512, 1, 1, 0, 0, 1, 1}, {112, 112, 64, 2, 64, 1, 1, 0, 0, 1, 1},
    {56, 56, 64, 2, 256, 1, 1, 0, 0, 1, 1}, {56, 56, 256, 2, 64, 1, 1, 0, 0, 1, 1},
    {56, 56, 256, 2, 128, 1, 1, 0, 0, 2, 2}, {28, 28, 128, 2, 512, 1, 1, 0, 0, 1, 1},
    {28, 28, 512, 2, 128, 1, 1, 0, 0, 1, 1}, {28, 28, 512, 2, 256, 1, 1, 0, 0, 2, 2},
    {14, 14, 256, 2, 1024, 1, 1, 0, 0, 1, 1}, {28, 28, 512, 2, 1024, 1, 1, 0, 0, 2, 2},
    {14, 14, 1024, 2, 256, 1, 1, 0, 0, 1, 1}, {14, 14, 1024, 2, 512, 1, 1, 0, 0, 2, 2},
    {7, 7, 512, 2, 2048, 1, 1, 0, 0, 1, 1}, {14, 14, 1024, 2, 2048, 1, 1, 0, 0, 2, 2},
    {7, 7, 2048, 2, 512, 1, 1, 0, 0, 1, 1},
};

static const int training[][11] = {
    {700, 161, 1, 4, 32, 20, 5, 0, 0, 2, 2}, {700, 161, 1, 8, 32, 20, 5, 0, 0, 2, 2},
    {700, 161, 1, 16, 32, 20, 5, 0, 0, 2, 2}, {700, 161, 1, 32, 32, 20, 5, 0, 0, 2, 2},
    {341, 79, 32, 4, 32, 10, 5, 0, 0, 2, 2}, {341, 79, 32, 8, 32, 10, 5, 0, 0, 2, 2},
    {341, 79, 32, 16, 32, 10, 5, 0, 0, 2, 2}, {341, 79, 32, 32, 32, 10, 5, 0, 0, 2, 2},
    {480, 48, 1, 16, 16, 3, 3, 1, 1, 1, 1}, {240, 24, 16, 16, 32, 3, 3, 1, 1, 1, 1},
    {120, 12, 32, 16, 64, 3, 3, 1, 1, 1, 1}, {60, 6, 64, 16, 128, 3, 3, 1, 1, 1, 1},
    {108, 108, 3, 8, 64, 3, 3, 1, 1, 2, 2}, {54, 54, 64, 8, 64, 3, 3, 1, 1, 1, 1},
    {27, 27, 128, 8, 128, 3, 3, 1, 1, 1, 1}, {14, 14, 128, 8, 256, 3, 3, 1, 1, 1, 1},
    {7, 7, 256, 8, 512, 3, 3, 1, 1, 1, 1}, {224, 224, 3, 8, 64, 3, 3, 1, 1, 1, 1},
    {112, 112, 64, 8, 128, 3, 3, 1, 1, 1, 1}, {56, 56, 128, 8, 256, 3, 3, 1, 1, 1, 1},
    {28, 28, 256, 8, 512, 3, 3, 1, 1, 1, 1}, {14, 14, 512, 8, 512, 3, 3, 1, 1, 1, 1},
    {7, 7, 512, 8, 512, 3, 3, 1, 1, 1, 1}, {224, 224, 3, 16, 64, 3, 3, 1, 1, 1, 1},
    {112, 112, 64, 16, 128, 3, 3, 1, 1, 1, 1}, {56, 56, 128, 16, 256, 3, 3, 1, 1, 1, 1},
    {28, 28, 256, 16, 512, 3, 3, 1, 1, 1, 1}, {14, 14, 512, 16, 512, 3, 3, 1, 1, 1, 1},
    {7, 7, 512, 16, 512, 3, 3, 1, 1, 1, 1}, {224, 224, 3, 16, 64, 7, 7, 3, 3, 2, 2},
    {28, 28, 192, 16, 32, 5, 5, 2, 2, 1, 1}, {28, 28, 192, 16, 64, 1, 1, 0, 0, 1, 1},
    {14, 14, 512, 16, 48, 5, 5, 2, 2, 1, 1}, {14, 14, 512, 16, 192, 1, 1, 0, 0, 1, 1},
    {7, 7, 832, 16, 256, 1, 1, 0, 0, 1, 1}, {7, 7, 832, 16, 128, 5, 5, 2, 2, 1, 1},
    {56, 56, 64, 8, 64, 3, 3, 1, 1, 1, 1}, {56, 56, 64, 8, 256, 1, 1, 0, 0, 2, 2},
    {28, 28, 128, 8, 128, 3, 3, 1, 1, 1, 1}, {28, 28, 128, 8, 512, 1, 1, 0, 0, 2, 2},
    {14, 14, 256, 8, 256, 1, 1, 0, 0, 1, 1}, {14, 14, 256, 8, 256, 3, 3, 1, 1, 1, 1},
    {14, 14, 256, 8, 1024, 1, 1, 0, 0, 2, 2}, {7, 7, 512, 8, 512, 1, 1, 0, 0, 1, 1},
    {7, 7, 2048, 8, 512, 1, 1, 3, 3, 2, 2}, {56, 56, 64, 16, 64, 3, 3, 1, 1, 1, 1},
    {56, 56, 64, 16, 256, 1, 1, 0, 0, 2, 2}, {28, 28, 128, 16, 128, 3, 3, 1, 1, 1, 1},
    {28, 28, 128, 16, 512, 1, 1, 0, 0, 2, 2}, {14, 14, 256, 16, 256, 1, 1, 0, 0, 1, 1},
    {14, 14, 256, 16, 256, 3, 3, 1, 1, 1, 1}, {14, 14, 256, 16, 1024, 1, 1, 0, 0, 2, 2},
    {7, 7, 512, 16, 512, 1, 1, 0, 0, 1, 1}, {7, 7, 2048, 16, 512, 1, 1, 3, 3, 2, 2},
    {700, 161, 1, 16, 64, 5, 5, 1, 1, 2, 2}, {350, 80, 64, 16, 64, 3, 3, 1, 1, 1, 1},
    {350, 80, 64, 16, 128, 5, 5, 1, 1, 2, 2}, {175, 40, 128, 16, 128, 3, 3, 1, 1, 1, 1},
    {175, 40, 128, 16, 256, 5, 5, 1, 1, 2, 2}, {84, 20, 256, 16, 256, 3, 3, 1, 1, 1, 1},
    {84, 20, 256, 16, 512, 5, 5, 1, 1, 2, 2}, {42, 10, 512, 16, 512, 3, 3, 1, 1, 1, 1},
    {112, 112, 64, 8, 64, 1, 1, 0, 0, 1, 1}, {56, 56, 64, 8, 256, 1, 1, 0, 0, 1, 1},
    {56, 56, 256, 8, 64, 1, 1, 0, 0, 1, 1}, {56, 56, 256, 8, 128, 1, 1, 0, 0, 2, 2},
    {28, 28, 128, 8, 512, 1, 1, 0, 0, 1, 1}, {28, 28, 512, 8, 128, 1, 1, 0, 0, 1, 1},
    {28, 28, 512, 8, 256, 1, 1, 0, 0, 2, 2}, {14, 14, 256, 8, 1024, 1, 1, 0, 0, 1, 1},
    {28, 28, 512, 8, 1024, 1, 1, 0, 0, 2, 2}, {14, 14, 1024, 8, 256, 1, 1, 0, 0, 1, 1},
    {14, 14, 1024, 8, 512, 1, 1, 0, 0, 2, 2}, {7, 7, 512, 8, 2048, 1, 1, 0, 0, 1, 1},
    {14, 14, 1024, 8, 2048, 1, 1, 0, 0, 2, 2}, {7, 7, 2048, 8, 512, 1, 1, 0, 0, 1, 1},
    {112, 112, 64, 16, 64, 1, 1, 0, 0, 1, 1}, {56, 56, 64, 16, 256, 1, 1, 0, 0, 1, 1},
    {56, 56, 256, 16, 64, 1, 1, 0, 0, 1, 1}, {56, 56, 256, 16, 128, 1, 1, 0, 0, 2, 2},
    {28, 28, 128, 16, 512, 1, 1, 0, 0, 1, 1}, {28, 28, 512, 16, 128, 1, 1, 0, 0, 1, 1},
    {28, 28, 512, 16, 256, 1, 1, 0, 0, 2, 2}, {14, 14, 256, 16, 1024, 1, 1, 0, 0, 1, 1},
    {28, 28, 512, 16, 1024, 1, 1, 0, 0, 2, 2}, {14, 14, 1024, 16, 256, 1, 1, 0, 0, 1, 1},
    {14, 14, 1024, 16, 512, 1, 1, 0, 0, 2, 2}, {7, 7, 512, 16, 2048, 1, 1, 0, 0, 1, 1},
    {14, 14, 1024, 16, 2048, 1, 1, 0, 0, 2, 2}, {7, 7, 2048, 16, 512, 1, 1, 0, 0, 1, 1},
};

static bool from_deepbench(const int (*shapes)[11], size_t count, size_t index, char *text, size_t bytes) {
    if (index >= count)
        return false;
    const int *s = shapes[index];
    snprintf(text, bytes, "n=%d c=%d m=%d in=%dx%d k=%dx%d pad=%dx%d stride=%dx%d prepack=1", s[3], s[2], s[4], s[1],
             s[0], s[6], s[5], s[8], s[7], s[10], s[9]);
    return true;
}

static bool deepbench(size_t index, char *text, size_t bytes) {
    return from_deepbench(inference, COUNT(inference), index, text, bytes);
}

static bool deepbench_train(size_t index, char *text, size_t bytes) {
    return from_deepbench(training, COUNT(training), index, text, bytes);
}

/* One of each kind that networks have, for 1 and 8 images. */
static const layer mixed_layers[] = {
    {64, 64, 56, 3, 1, 1, 1},   {128, 128, 28, 3, 1, 1, 1},  {256, 256, 14, 3, 1, 1, 1}, {512, 512, 7, 3, 1, 1, 1},
    {64, 64, 224, 3, 1, 1, 1},  {128, 128, 112, 3, 1, 1, 1}, {256, 256, 56, 3, 1, 1, 1}, {64, 256, 56, 1, 1, 1, 1},
    {512, 128, 28, 1, 1, 1, 1}, {256, 512, 56, 1, 2, 1, 1},  {3, 64, 224, 7, 2, 1, 1},   {192, 32, 28, 5, 1, 1, 1},
    {128, 128, 56, 3, 2, 1, 1}, {96, 96, 112, 3, 2, 96, 1},  {144, 144, 56, 3, 1, 144, 1},
};

static bool mixed(size_t index, char *text, size_t bytes) {
    if (index >= 2 * COUNT(mixed_layers))
        return false;
    put_layer(&mixed_layers[index / 2], index % 2 ? 8 : 1, text, bytes);
    return true;
}

/* Other types, other layouts, other kinds, at sizes of networks. */
static bool kinds(size_t index, char *text, size_t bytes) {
    static const char *const texts[] = {
        "n=1 c=128 m=128 in=28x28 k=3x3 pad=1 prepack=1 dtype=f16",
        "n=1 c=128 m=128 in=28x28 k=3x3 pad=1 prepack=1 dtype=bf16",
        "n=1 c=128 m=128 in=28x28 k=3x3 pad=1 prepack=1 dtype=u8 w=i8",
        "n=1 c=128 m=128 in=28x28 k=3x3 pad=1 prepack=1 dtype=u8 w=i8 y=u8 bias=i32 xscale=one xzero=one wscale=each "
        "yscale=one yzero=one",
        "n=1 c=128 m=128 in=28x28 k=3x3 pad=1 prepack=1 layout=nhwc",
        "n=1 c=256 m=64 in=56x56 k=1x1 prepack=1 layout=nhwc",
        "n=1 c=128 m=128 in=28x28 k=3x3 pad=1 prepack=1 bias=f32 res=f32 act=relu",
        "n=1 c=128 m=128 in=28x28 k=3x3 pad=2 dil=2 prepack=1",
        "n=1 c=256 m=256 in=28x28 k=3x3 pad=1 groups=32 prepack=1",
        "n=1 c=256 m=128 in=16x16 k=4x4 stride=2 pad=1 trans=1 prepack=1",
        "n=1 c=64 m=32 in=64x64 k=2x2 stride=2 trans=1 prepack=1",
        "n=1 c=256 m=256 in=1000 k=3 pad=1 prepack=1",
        "n=1 c=80 m=512 in=3000 k=3 pad=1 prepack=1",
        "n=1 c=32 m=32 in=16x28x28 k=3x3x3 pad=1 prepack=1",
    };
    return ar_case_text(texts, COUNT(texts), index, text, bytes);
}

/* Every combination of types that there is. */
static const char *const type_words[] = {
    "",
    "dtype=f16",
    "dtype=f16 y=f32",
    "dtype=bf16",
    "dtype=bf16 y=f32",
    "dtype=f16 bias=f16 res=f32 act=relu",
    "dtype=bf16 bias=f32 res=bf16",
    "dtype=i8",
    "dtype=u8",
    "dtype=u8 w=i8 xzero=one wzero=each",
    "dtype=i8 w=u8 xzero=one wzero=one",
    "dtype=i8 y=f32 xscale=one wscale=each bias=f32 res=f32 act=silu",
    "dtype=u8 w=i8 y=f16 xscale=one xzero=one wscale=one bias=i32",
    "dtype=i8 y=bf16",
    "dtype=u8 y=u8 xscale=one xzero=one wscale=each wzero=each yscale=one yzero=one bias=i32",
    "dtype=i8 y=i8 xscale=one wscale=one yscale=one",
    "dtype=u8 w=i8 y=i8 xscale=one xzero=one wscale=each yscale=one yzero=one bias=f32 act=relu",
};

static bool types(size_t index, char *text, size_t bytes) {
    static const char *const shapes[] = {"n=2 c=9 m=21 in=9x11 k=3x3 pad=1",
                                         "n=1 c=17 m=5 in=33 k=4 stride=2 layout=nhwc",
                                         "n=1 c=12 m=8 in=5x6 k=3x2 stride=2 groups=4 trans=1"};
    if (index >= COUNT(type_words) * COUNT(shapes))
        return false;
    snprintf(text, bytes, "%s %s", shapes[index % COUNT(shapes)], type_words[index / COUNT(shapes)]);
    return true;
}

/* What is special beside the sizes. */
static const char *const special[] = {
    "n=1 c=1 m=1 in=1 k=1",
    "n=1 c=1 m=1 in=1x1x1 k=1x1x1",
    "n=1 c=3 m=5 in=7x9 k=3x3",
    "n=2 c=3 m=5 in=7x9 k=3x3 pad=1 bias=f32",
    "n=2 c=3 m=5 in=7x9 k=3x3 pad=1 bias=f32 res=f32 act=relu",
    "n=2 c=3 m=5 in=7x9 k=3x3 pad=1 act=leaky_relu alpha=0.1",
    "n=2 c=3 m=5 in=7x9 k=3x3 pad=1 act=sigmoid",
    "n=2 c=3 m=5 in=7x9 k=3x3 pad=1 act=tanh bias=f32",
    "n=2 c=3 m=5 in=7x9 k=3x3 pad=1 act=gelu_erf",
    "n=2 c=3 m=5 in=7x9 k=3x3 pad=1 act=gelu_tanh",
    "n=2 c=3 m=5 in=7x9 k=3x3 pad=1 act=silu math=strict",
    "n=2 c=3 m=5 in=7x9 k=3x3 pad=1 act=clip alpha=0 beta=6 bias=f32",
    "n=2 c=3 m=5 in=7x9 k=3x3 pad=1 act=hard_swish layout=nhwc",
    "n=1 c=16 m=32 in=14x14 k=3x3 pad=1 flip=1",
    "n=1 c=16 m=32 in=14x14 k=3x3 pad=1 prepack=1 bias=f32 res=f32 act=relu",
    "n=3 c=16 m=20 in=13x17 k=3x3 pad=1 prepack=1 math=strict",
    "n=1 c=16 m=32 in=14x14 k=3x3 pad=5",
    "n=1 c=16 m=32 in=14x14 k=3x3 pad=0x4 end=7x1",
    "n=1 c=16 m=32 in=14x14 k=3x3 pad=1x0 end=0x2 stride=2x1",
    "n=1 c=5 m=20 in=7x31 k=3x3 stride=2 pad=1",
    "n=2 c=3 m=16 in=8x20 k=3x3 pad=1 dil=2x1 math=strict",
    "n=1 c=4 m=16 in=5x40 k=3x2 pad=1 bias=f32",
    "n=1 c=3 m=16 in=6x8x20 k=3x3x3 pad=0x1x1 math=strict",
    "n=1 c=7 m=9 in=15x15 k=3x3 dil=3 pad=3",
    "n=1 c=7 m=9 in=15x15 k=3x3 dil=2x3 pad=2x3 stride=2",
    "n=1 c=7 m=9 in=15x15 k=5x2 pad=2x1 stride=3x2",
    "n=1 c=16 m=16 in=12x12 k=3x3 pad=1 groups=16",
    "n=2 c=16 m=16 in=12x13 k=3x3 pad=1 stride=2 groups=16 bias=f32 act=relu prepack=1",
    "n=1 c=16 m=48 in=12x12 k=3x3 pad=1 groups=16",
    "n=1 c=33 m=33 in=10x40 k=5x5 pad=2 groups=33 layout=nhwc",
    "n=2 c=20 m=33 in=13x17 k=5x5 pad=2 bias=f32 act=relu prepack=1",
    "n=1 c=40 m=70 in=9x11 k=5x5 pad=1x2 end=0x1 res=f32 layout=nhwc",
    "n=1 c=6 m=10 in=12x12 k=5x5 flip=1 groups=2",
    "n=2 c=18 m=20 in=15x9 k=5x1 pad=2x0",
    "n=2 c=18 m=20 in=8x31 k=1x5 pad=0x2 prepack=1",
    "n=1 c=24 m=36 in=12x12 k=3x3 pad=1 groups=4",
    "n=1 c=24 m=36 in=12x12 k=1x1 groups=3 bias=f32",
    "n=2 c=24 m=36 in=12x12 k=1x1",
    "n=2 c=24 m=36 in=12x12 k=1x1 bias=f32 res=f32 act=relu prepack=1",
    "n=2 c=24 m=36 in=13x12 k=1x1 stride=2 prepack=1",
    "n=2 c=24 m=36 in=13x12 k=1x1 stride=2 layout=nhwc",
    "n=2 c=24 m=36 in=13x12 k=1x1 layout=nhwc bias=f32 act=relu",
    "n=1 c=24 m=36 in=6x6 k=1x1 pad=1",
    "n=1 c=24 m=36 in=6x6 k=1x1 pad=3 stride=2",
    "n=2 c=8 m=12 in=9x10 k=3x3 pad=1 layout=nhwc",
    "n=2 c=8 m=12 in=9x10 k=3x3 pad=1 layout=nhwc bias=f32 res=f32 act=relu prepack=1",
    "n=2 c=8 m=12 in=9x10 k=3x3 pad=1 layout=nhwc groups=4",
    "n=2 c=8 m=12 in=9x10 k=3x3 pad=1 xs=1000x110x1 ys=1200x95x1",
    "n=2 c=8 m=12 in=9x10 k=3x3 pad=1 layout=nhwc xs=2000x1x20 ys=1500x1x15 res=f32 rs=1300x1x13",
    "n=2 c=8 m=12 in=9x10 k=1x1 xs=1000x110x1 ys=1200x95x1",
    "n=2 c=8 m=12 in=9x10 k=3x3 pad=1 ws=1x108x12",
    "n=2 c=8 m=12 in=9x10 k=3x3 pad=1 ws=72x1x8 layout=nhwc",
    "n=2 c=5 m=7 in=30 k=3 pad=1",
    "n=2 c=20 m=33 in=50 k=5 pad=2 bias=f32 prepack=1",
    "n=1 c=20 m=33 in=64 k=3 pad=1 prepack=1 layout=nhwc",
    "n=1 c=4 m=6 in=5x6x7 k=3x3x3 pad=1",
    "n=2 c=4 m=6 in=5x6x7 k=2x3x1 stride=2x1x2 pad=1x0x0 bias=f32 layout=nhwc",
    "n=1 c=4 m=4 in=5x6x7 k=3x3x3 pad=1 dil=2x1x1 groups=4",
    "n=1 c=5 m=4 in=3x4x5 k=3x2x4 stride=2x3x1 pad=1x0x1 trans=1 outpad=1x2x0",
    "n=2 c=6 m=8 in=7x5 k=3x3 trans=1",
    "n=2 c=6 m=8 in=7x5 k=3x3 pad=1 trans=1",
    "n=2 c=16 m=32 in=12x12 k=3x3 pad=1 trans=1 prepack=1 bias=f32",
    "n=1 c=6 m=8 in=7x5 k=3x3 stride=2 pad=1 outpad=1 trans=1 bias=f32 act=relu",
    "n=1 c=6 m=8 in=7x5 k=4x4 stride=2 pad=1 trans=1 prepack=1",
    "n=2 c=6 m=8 in=7x5 k=2x2 stride=2 trans=1 res=f32",
    "n=1 c=6 m=8 in=7x5 k=2x2 stride=3 trans=1 outpad=2x1",
    "n=1 c=6 m=9 in=7x5 k=3x3 stride=2x3 dil=2x1 trans=1 groups=3",
    "n=1 c=6 m=8 in=7x5 k=3x3 stride=2 trans=1 flip=1 layout=nhwc",
    "n=1 c=8 m=8 in=20 k=4 stride=2 pad=1 trans=1",
    "n=1 c=8 m=8 in=7x7 k=3x3 stride=2 pad=1 outpad=1 trans=1 groups=8",
    "n=0 c=3 m=5 in=7x9 k=3x3",
    "n=1 c=3 m=0 in=7x9 k=3x3",
    "n=1 c=0 m=5 in=7x9 k=3x3 bias=f32 act=relu",
    "n=1 c=3 m=5 in=2x9 k=3x3",
    "n=1 c=3 m=5 in=2x9 k=3x3 pad=1",
    "n=1 c=300 m=3 in=4x4 k=4x4",
    "n=1 c=3 m=300 in=4x4 k=4x4",
    "n=5 c=64 m=64 in=1x1 k=1x1",
    "n=1 c=3 m=16 in=40x37 k=7x7 stride=2 pad=3 prepack=1 bias=f32 act=relu",
    "n=1 c=1 m=32 in=33x60 k=20x5 stride=2 prepack=1",
    "n=1 c=32 m=32 in=25x50 k=10x5 stride=2 prepack=1",
};

/* The index-th number below a bound, taken off at. */
static int take(size_t *at, size_t bound) {
    size_t value = *at % bound;
    *at /= bound;
    return (int)value;
}

#define COMBINATIONS ((size_t)49 * 14 * 14 * 17 * 17 * 36 * 5 * 256 * 2 * 3)

/* One of the cross product of sizes. Kernels that reach over the padded input are given one that they fit. */
static void combine(size_t at, char *text, size_t bytes) {
    static const int channels[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33};
    static const int extents[] = {1, 2, 3, 5, 6, 7, 8, 9, 12, 13, 15, 16, 17, 20, 31, 33, 34};
    static const int group_counts[] = {1, 1, 1, 2, 3};
    int kh = 1 + take(&at, 7), kw = 1 + take(&at, 7);
    int c = channels[take(&at, COUNT(channels))], m = channels[take(&at, COUNT(channels))];
    int h = extents[take(&at, COUNT(extents))], w = extents[take(&at, COUNT(extents))];
    int sh = 1 + take(&at, 3), sw = 1 + take(&at, 3), dh = 1 + take(&at, 2), dw = 1 + take(&at, 2);
    int groups = group_counts[take(&at, COUNT(group_counts))];
    int pt = take(&at, 4), pl = take(&at, 4), pb = take(&at, 4), pr = take(&at, 4), n = 1 + take(&at, 2);
    int reach_h = dh * (kh - 1) + 1, reach_w = dw * (kw - 1) + 1;
    h = h + pt + pb < reach_h ? reach_h : h;
    w = w + pl + pr < reach_w ? reach_w : w;
    snprintf(text, bytes, "n=%d c=%d m=%d in=%dx%d k=%dx%d stride=%dx%d dil=%dx%d pad=%dx%d end=%dx%d groups=%d%s", n,
             c * groups, m * groups, h, w, kh, kw, sh, sw, dh, dw, pt, pl, pb, pr, groups,
             take(&at, 3) == 1 ? " layout=nhwc" : "");
}

/* A sample of the cross product: the step and the number of combinations have no common divisor, so that none comes
 * twice. */
static bool edges(size_t index, char *text, size_t bytes) {
    const size_t sampled = 90, step = 1900813363;
    if (index < COUNT(special))
        return ar_case_text(special, COUNT(special), index, text, bytes);
    index -= COUNT(special);
    if (index >= sampled)
        return false;
    combine(index * step % COMBINATIONS, text, bytes);
    return true;
}

/* A larger sample, and before it a systematic part: every kernel from 1x1 to 7x7, every stride to 3 and dilation to
 * 2, with padding of nothing, half and all of the kernel. */
static bool sweep(size_t index, char *text, size_t bytes) {
    enum { STRIDES = 3, DILATIONS = 2, PADS = 3, SYSTEMATIC = 49 * STRIDES * DILATIONS * PADS };
    const size_t sampled = 1500, step = 2038074743;
    if (index < SYSTEMATIC) {
        static const int c[] = {3, 8, 17, 20}, m[] = {5, 16, 33, 12};
        size_t at = index;
        int kh = 1 + take(&at, 7), kw = 1 + take(&at, 7), stride = 1 + take(&at, STRIDES);
        int dilation = 1 + take(&at, DILATIONS), pad = take(&at, PADS);
        snprintf(text, bytes, "n=1 c=%d m=%d in=%dx%d k=%dx%d stride=%d dil=%d pad=%dx%d end=%dx%d", c[index % 4],
                 m[index % 4], 14 + (int)(index % 5), 15 + (int)(index % 7), kh, kw, stride, dilation, pad * kh / 2,
                 pad * kw / 2, pad * (kh - 1) / 2, pad * kw / 3);
        return true;
    }
    index -= SYSTEMATIC;
    if (index >= sampled)
        return false;
    combine(index * step % COMBINATIONS, text, bytes);
    return true;
}

const ar_case_list ar_conv_lists[AR_CONV_LISTS] = {
    {"resnet50", "convolutions of ResNet-50 v1.5, one image, weights packed", resnet50, true, false},
    {"mobilenet_v2", "of MobileNet-v2, one image", mobilenet_v2, true, false},
    {"vgg16", "of VGG-16, one image", vgg16, true, false},
    {"resnet50_b8", "of ResNet-50 v1.5, eight images", resnet50_b8, true, false},
    {"mobilenet_v2_b8", "of MobileNet-v2, eight images", mobilenet_v2_b8, true, false},
    {"mixed", "one layer of each kind, one and eight images", mixed, true, false},
    {"deepbench", "DeepBench's inference-server convolutions", deepbench, true, false},
    {"deepbench_train", "DeepBench's training convolutions, forward", deepbench_train, true, false},
    {"kinds", "other types, layouts, dimensions; grouped, dilated, transposed", kinds, true, false},
    {"types", "every combination of data types, small", types, false, false},
    {"edges", "sizes around every edge; padding, strides, layouts, epilogues, transposed", edges, false, false},
    {"sweep", "every kernel from 1x1 to 7x7 with strides, dilations, padding; many sampled sizes", sweep, false,
     true},
};

int64_t ar_conv_times(const ar_case_list *list, size_t index) {
    const struct {
        bool (*at)(size_t, char *, size_t);
        const layer *layers;
        size_t count;
    } networks[] = {{resnet50, resnet50_layers, COUNT(resnet50_layers)},
                    {resnet50_b8, resnet50_layers, COUNT(resnet50_layers)},
                    {mobilenet_v2, mobilenet_v2_layers, COUNT(mobilenet_v2_layers)},
                    {mobilenet_v2_b8, mobilenet_v2_layers, COUNT(mobilenet_v2_layers)},
                    {vgg16, vgg16_layers, COUNT(vgg16_layers)}};
    for (size_t i = 0; i < COUNT(networks); ++i)
        if (list->at == networks[i].at && index < networks[i].count)
            return networks[i].layers[index].times;
    return 0;
}
