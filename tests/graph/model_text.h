/* Small ONNX models written as text, so that a test shows the model that it is about.
 *
 * Lines end with ';' or a newline:
 *   opset 13                            import of the default domain
 *   input x f32 2x3                     a dimension may be a name: Nx3; - is a scalar, ? has no shape
 *   output y                            its type is left out
 *   init w f32 2x2 1,2,3,4              values repeat until the tensor is full; raw data
 *   external w f32 2x2 location=w.bin offset=0 length=16
 *   graph body ... end                  a subgraph, for attributes after it: body=@body
 *   Gemm x,w,,b y,z name=n alpha=0.5 axes=[1,2] scales=[1.5,2] mode="linear" value=f32:2:1,2 body=@body
 * An attribute with a point or an exponent in it is a float. */
#ifndef AR_MODEL_TEXT_H
#define AR_MODEL_TEXT_H

#include <onnx.pb-c.h>

/* The message, freed by onnx__model_proto__free_unpacked(). A mistake in the text ends the program. */
Onnx__ModelProto *model_from_text(const char *text);

/* The same as the bytes of a file; freed by free(). */
uint8_t *model_bytes_from_text(const char *text, size_t *bytes);
uint8_t *model_pack(const Onnx__ModelProto *model, size_t *bytes);

#endif
