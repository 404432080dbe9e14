/* write_corpus CORPUS FOLDER: the corpus' texts as files that the fuzzer reads. */
#include <stdio.h>
#include <string.h>

#include "hostile_load.h"

int main(int argc, char **argv) {
    size_t count = 0;
    int failed = argc != 3;
    corpus_model *models = failed ? NULL : corpus_read(argv[1], &count);
    for (size_t i = 0; i < count && !failed; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%.*s.onnx", argv[2], (int)strcspn(models[i].name, "."), models[i].name);
        FILE *file = fopen(path, "wb");
        failed = !file || fwrite(models[i].data, 1, models[i].bytes, file) != models[i].bytes;
        if (file)
            failed |= fclose(file) != 0;
    }
    corpus_free(models, count);
    return failed;
}
