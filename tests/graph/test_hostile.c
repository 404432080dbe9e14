/* Files that mean harm, and how they are refused: status and text. The reference device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "model_text.h"
#include "queue.h"

static long peak_kb(void) {
    struct rusage use;
    return getrusage(RUSAGE_SELF, &use) == 0 ? use.ru_maxrss : 0;
}

/* The model must be refused with that status, and the text must have all of the words (separated by '|'). */
static void refused(const char *model, const char *folder, const arete_model_desc *desc, arete_status want,
                    const char *words) {
    size_t bytes;
    arete_model *made = NULL;
    uint8_t *data = model_bytes_from_text(model, &bytes);
    long before = peak_kb();
    arete_status status = arete_model_read(arete_queue_device(queue), data, bytes, folder, desc, &made);
    long after = peak_kb();
    free(data);
    char list[512];
    snprintf(list, sizeof list, "%s", words);
    if (status != want || made)
        fail_msg("%s instead of %s: %s (of: %s)", arete_status_name(status), arete_status_name(want),
                 arete_error_text(), model);
    for (char *word = strtok(list, "|"); word; word = strtok(NULL, "|"))
        if (!strstr(arete_error_text(), word))
            fail_msg("no '%s' in: %s", word, arete_error_text());
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* which multiply memory */
    assert_true(after - before < 64 << 10);
#else
    (void)before, (void)after;
#endif
}

static void refused_plain(const char *model, arete_status want, const char *words) {
    refused(model, NULL, NULL, want, words);
}

static void cycle(void **state) {
    (void)state;
    refused_plain("input x f32 2; Add x,b a name=first; Relu a b name=second; output b", ARETE_E_FORMAT,
                  "'first'|Add|input 1|'b'|cycle");
    refused_plain("input x f32 2; Add a,x a name=self; output a", ARETE_E_FORMAT, "'self'|Add|input 0|'a'");
    refused_plain(
        "input x f32 2; graph body; input i i64 -; input c bool -; input v f32 2; Add v,out w name=inner; "
        "Identity c d; output d; output w; end; init n i64 - 2; Loop n,,x out body=@body name=outer; output out",
        ARETE_E_FORMAT, "'outer'|'inner'|Add|input 1|'out'");
}

static void names(void **state) {
    (void)state;
    refused_plain("input x f32 2; Add x,w y name=sum; output y", ARETE_E_FORMAT, "'sum'|Add|input 1|'w'|missing");
    refused_plain("input x f32 2; Add x - name=sum; output x", ARETE_E_FORMAT, "'sum'|Add|outputs");
    refused_plain("input x f32 2; Add x,, y name=sum; output y", ARETE_E_FORMAT, "'sum'|Add|takes 2");
    refused_plain("input x f32 2; Relu x y; Relu x y name=again; output y", ARETE_E_FORMAT,
                  "'again'|Relu|'y'|twice");
    refused_plain("input x f32 2; Relu x y; output z", ARETE_E_FORMAT, "output 'z'");
    refused_plain("input x f32 2; input x f32 3; Relu x y; init w f32 - 1; init w f32 - 2; output y",
                  ARETE_E_FORMAT, "'w'|twice");
}

static void dimensions(void **state) {
    (void)state;
    refused_plain("input x f32 4611686018427387904x4; Relu x y; output y", ARETE_E_SHAPE, "input 'x'|memory");
    refused_plain("input x f32 1000000000x1000000000x1000000000; Relu x y; output y", ARETE_E_SHAPE, "input 'x'");
    refused_plain("input x f32 1x1x1x1x1x1x1x1x1; Relu x y; output y", ARETE_E_UNSUPPORTED,
                  "input 'x'|9 dimensions");
    refused_plain("input x f32 2; init r i64 1 9223372036854775807; Tile x,r y name=t; output y", ARETE_E_SHAPE,
                  "'t'|Tile|9223372036854775807");
    refused_plain("input x f32 2; init p i64 2 9223372036854775807,1; Pad x,p y name=t; output y", ARETE_E_SHAPE,
                  "'t'|Pad");
    refused_plain("input x f32 2; init s i64 2 -9,3; Reshape x,s y name=t; output y", ARETE_E_SHAPE,
                  "'t'|Reshape|shape[0]|-9");
    refused_plain("input x f32 2; init s i64 3 4294967296,4294967296,4294967296; Expand x,s y name=t; output y",
                  ARETE_E_SHAPE, "'t'|Expand");
    refused_plain(
        "input x f32 1x1x4x4; init w f32 1x1x3x3 1; Conv x,w y name=c pads=[0,0,9223372036854775807,1]; output y",
        ARETE_E_SHAPE, "'c'|Conv");
    refused_plain("input x f32 1x1x4x4; init w f32 1x1x3x3 1; Conv x,w y name=c strides=[0,-1]; output y",
                  ARETE_E_SHAPE, "'c'|Conv");
    refused_plain("input x f32 1x4x2x2; DepthToSpace x y name=d blocksize=4294967296; output y", ARETE_E_SHAPE,
                  "'d'|DepthToSpace");
}

/* Sizes that a file only claims: checked before memory is taken. */
static void sizes(void **state) {
    (void)state;
    refused_plain("input x f32 2; external w f32 1000000x1000000 location=w.bin; Add x,w y; output y",
                  ARETE_E_UNSUPPORTED, "'w'|'w.bin'|folder");
    refused_plain("init s i64 2 1000000,10000; ConstantOfShape s y name=k; output y", ARETE_E_MEMORY,
                  "'k'|ConstantOfShape|host");
    refused_plain("input x f32 1; init s i64 2 1000000,1000000; Expand x,s y name=k; Relu y a; Neg a z; ReduceSum "
                  "z o; output o",
                  ARETE_E_MEMORY, "intermediate|device_limit");
    /* raw data that is not there */
    size_t bytes;
    arete_model *made = NULL;
    Onnx__ModelProto *m = model_from_text("input x f32 2; init w f32 2 1,2; Add x,w y; output y");
    m->graph->initializer[0]->dims[0] = 1000000000000;
    uint8_t *data = model_pack(m, &bytes);
    onnx__model_proto__free_unpacked(m, NULL);
    assert_int_equal(arete_model_read(arete_queue_device(queue), data, bytes, NULL, NULL, &made), ARETE_E_FORMAT);
    assert_non_null(strstr(arete_error_text(), "tensor 'w' of 1000000000000 elements of f32 has 8 bytes"));
    free(data);
}

static void types(void **state) {
    (void)state;
    refused_plain("input x f32 2; init w i64 2 1,2; Add x,w y name=a; output y", ARETE_E_DTYPE, "'a'|Add|i64");
    refused_plain("input x i64 2x2; MatMul x,x y name=m; output y", ARETE_E_UNSUPPORTED, "'m'|MatMul|i64");
    refused_plain("input x f32 2; init w c64 2 1,2; Add x,w y; output y", ARETE_E_UNSUPPORTED, "'w'|type 14");
    refused_plain("input x f32 2; init i f32 2 0,1; Gather x,i y name=g; output y", ARETE_E_DTYPE, "'g'|Gather");
    refused_plain("input x str 2; Identity x y; output y", ARETE_E_UNSUPPORTED, "input 'x'|type 8");
    refused_plain("input x f32 2x2; init s f32 2 1,2; Reshape x,s y name=r; output y", ARETE_E_FORMAT,
                  "'r'|Reshape|input 1|'s'|integers");
}

static void missing_operators(void **state) {
    (void)state;
    refused_plain("input x f32 2; Frobnicate x y name=first; Relu y z; Quux x w name=second; Add z,w o; output o",
                  ARETE_E_UNSUPPORTED, "2 of 4 nodes|Frobnicate 'first'|Quux 'second'");
    refused_plain("input x f32 2; Relu x y name=far domain=org.example; output y", ARETE_E_UNSUPPORTED,
                  "'far'|org.example");
    refused_plain("opset 0; input x f32 2; Relu x y; output y", ARETE_E_UNSUPPORTED, "opset 0");
}

static void write_file(const char *path, const void *data, size_t bytes) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    fclose(file);
}

/* External data: only plain files in the model's folder or below. */
static void escapes(void **state) {
    (void)state;
    char root[] = "/tmp/arete-escape-XXXXXX", path[512], text[512];
    const float two[2] = {1, 2};
    assert_non_null(mkdtemp(root));
    snprintf(path, sizeof path, "%s/secret", root);
    write_file(path, two, sizeof two);
    snprintf(path, sizeof path, "%s/model", root);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/model/sub", root);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/model/link", root);
    assert_int_equal(symlink("../secret", path), 0);
    snprintf(path, sizeof path, "%s/model/up", root);
    assert_int_equal(symlink("..", path), 0);
    snprintf(path, sizeof path, "%s/model/good", root);
    write_file(path, two, sizeof two);
    snprintf(path, sizeof path, "%s/model", root);
    static const char *const bad[] = {"../secret", "sub/../../secret", "link", "up/secret", "",
                                      ".",         "/dev/zero",        NULL};
    for (int i = 0; bad[i]; i++) {
        snprintf(text, sizeof text, "input x f32 2; external w f32 2 location=%s; Add x,w y; output y", bad[i]);
        refused(text, path, NULL, ARETE_E_FORMAT, "'w'");
    }
    snprintf(text, sizeof text, "input x f32 2; external w f32 2 location=%s/secret; Add x,w y; output y", root);
    refused(text, path, NULL, ARETE_E_FORMAT, "'w'|secret");
    refused("input x f32 2; external w f32 2 location=none; Add x,w y; output y", path, NULL, ARETE_E_NOT_FOUND,
            "'w'|none");
    refused("input x f32 2; external w f32 2 location=good offset=4; Add x,w y; output y", path, NULL,
            ARETE_E_FORMAT, "'w'|offset 4|'good' of 8 bytes");
    refused("input x f32 2; external w f32 2 location=good length=4; Add x,w y; output y", path, NULL,
            ARETE_E_FORMAT, "'w'|length 4");
    refused("input x f32 2; external w f32 2 location=good offset=18446744073709551615; Add x,w y; output y", path,
            NULL, ARETE_E_FORMAT, "'w'|offset");
    size_t bytes;
    arete_model *made = NULL;
    uint8_t *data =
        model_bytes_from_text("input x f32 2; external w f32 2 location=good; Add x,w y; output y", &bytes);
    assert_int_equal(arete_model_read(arete_queue_device(queue), data, bytes, path, NULL, &made), ARETE_OK);
    arete_model_release(made);
    free(data);
    static const char *const files[] = {"model/link", "model/up", "model/good", "secret", NULL};
    for (int i = 0; files[i]; i++) {
        snprintf(text, sizeof text, "%s/%s", root, files[i]);
        unlink(text);
    }
    snprintf(text, sizeof text, "%s/model/sub", root);
    rmdir(text);
    rmdir(path);
    rmdir(root);
}

/* A thousand subgraphs within each other, as bytes: each layer is attribute 5 of node 1 of graph 7 of what holds
 * it. */
static void nesting(void **state) {
    (void)state;
    enum { DEEP = 20002 };
    uint8_t *data = malloc(DEEP * 16);
    size_t length = 0;
    arete_model *made = NULL;
    assert_non_null(data);
    uint8_t *at = data + DEEP * 16;
    static const uint8_t tags[] = {0x32, 0x2a, 0x0a}; /* attribute.g, node.attribute, graph.node */
    for (int i = 0; i < DEEP; i++) {
        uint8_t varint[8];
        int used = 0;
        size_t rest = length;
        do {
            varint[used] = (uint8_t)(rest & 0x7f);
            rest >>= 7;
            varint[used++] |= rest ? 0x80 : 0;
        } while (rest);
        at -= used;
        memcpy(at, varint, (size_t)used);
        *--at = i == DEEP - 1 ? 0x3a : tags[i % 3];
        length += (size_t)used + 1;
    }
    assert_int_equal(arete_model_read(arete_queue_device(queue), at, length, NULL, NULL, &made), ARETE_E_FORMAT);
    free(data);
    /* subgraphs whose text is short, but which are taken: 17 of them */
    char text[4096] = "graph g0; Relu x r0; output r0; end; ";
    for (int i = 1; i < 18; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used,
                 "graph g%d; If yes r%d then_branch=@g%d else_branch=@e%d name=if%d; output r%d; end; ", i, i,
                 i - 1, i, i, i);
        used = strlen(text);
        char other[64];
        snprintf(other, sizeof other, "graph e%d; Relu x q%d; output q%d; end; ", i, i, i);
        memmove(text + strlen(other), text, used + 1);
        memcpy(text, other, strlen(other));
    }
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used,
             "graph e; Relu x q; output q; end; input x f32 2; init yes bool - 1; If yes y then_branch=@g17 "
             "else_branch=@e "
             "name=outer; output y");
    refused_plain(text, ARETE_E_UNSUPPORTED, "deep within each other");
}

static void truncated(void **state) {
    (void)state;
    size_t bytes;
    arete_model *made = NULL;
    uint8_t *data = model_bytes_from_text("input x f32 2; init w f32 2 1,2; Add x,w y name=sum; output y", &bytes);
    for (size_t cut = 0; cut < bytes; cut++) {
        uint8_t *exact = malloc(cut ? cut : 1); /* so that a read past its end is seen */
        assert_non_null(exact);
        memcpy(exact, data, cut);
        arete_status status = arete_model_read(arete_queue_device(queue), exact, cut, NULL, NULL, &made);
        if (status == ARETE_OK)
            arete_model_release(made); /* nothing but trailing fields was lost */
        else
            assert_true(status == ARETE_E_FORMAT || status == ARETE_E_UNSUPPORTED);
        free(exact);
    }
    free(data);
    assert_int_equal(arete_model_load(arete_queue_device(queue), "/nonexistent/m.onnx", NULL, &made),
                     ARETE_E_NOT_FOUND);
    assert_int_equal(arete_model_read(arete_queue_device(queue), "GIF89a", 6, NULL, NULL, &made), ARETE_E_FORMAT);
}

/* Loops that never end, and limits that the caller sets. */
static void limits(void **state) {
    (void)state;
    const arete_model_desc small = {.host_limit = 1 << 20}, tight = {.device_limit = 1 << 10};
    refused_plain(
        "graph body; input i i64 -; input c bool -; input v f32 2; Add v,v w; Identity c d; output d; output w; "
        "end; input x f32 2; init go bool - 1; Loop ,go,x out body=@body name=forever; output out",
        ARETE_E_UNSUPPORTED, "'forever'|Loop|4096 turns");
    refused("init s i64 1 1000000; ConstantOfShape s y name=k; output y", NULL, &small, ARETE_E_MEMORY,
            "'k'|1048576");
    refused("input x f32 1000; Relu x a; ReduceSum a y; output y", NULL, &tight, ARETE_E_MEMORY,
            "1024|device_limit");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cycle),   cmocka_unit_test(names),   cmocka_unit_test(dimensions),
        cmocka_unit_test(sizes),   cmocka_unit_test(types),   cmocka_unit_test(missing_operators),
        cmocka_unit_test(escapes), cmocka_unit_test(nesting), cmocka_unit_test(truncated),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, open_queue, close_queue);
}
