/* matmul/gpu_take.h: loads for GPU-class kernels: one element, or four that are aligned to their size.
 *
 *   TAKE1(T)(p)   one element, as lds
 *   TAKE4(T)(p)   four, as lds4; p must be a multiple of four elements from an address aligned to as much
 *
 * lds is what a kernel keeps of an operand: real, or short where int8 x int8 is summed in int (with zero points
 * taken off it spans -255..255); sum is what it accumulates in.
 */
#if INT_SUM
typedef short lds;
typedef short4 lds4;
typedef int sum;
#define convert_lds4 convert_short4
#define MULTIPLY_ADD(a, b, c) ((int)(a) * (int)(b) + (c))
#else
typedef real lds;
typedef real sum;
#if REAL_F64
typedef double4 lds4;
#define convert_lds4 convert_double4
#else
typedef float4 lds4;
#define convert_lds4 convert_float4
#endif
#define MULTIPLY_ADD(a, b, c) fma(a, b, c)
#endif

static inline lds take1_i8(__global const st_i8 *p) { return *p; }
static inline lds take1_u8(__global const st_u8 *p) { return *p; }
static inline lds4 take4_i8(__global const st_i8 *p) { return convert_lds4(*(__global const char4 *)p); }
static inline lds4 take4_u8(__global const st_u8 *p) { return convert_lds4(*(__global const uchar4 *)p); }
#if REAL_F64
static inline lds take1_f64(__global const st_f64 *p) { return *p; }
static inline lds4 take4_f64(__global const st_f64 *p) { return *(__global const double4 *)p; }
#elif !INT_SUM
static inline lds take1_f32(__global const st_f32 *p) { return *p; }
static inline lds take1_f16(__global const st_f16 *p) { return vload_half(0, p); }
static inline lds take1_bf16(__global const st_bf16 *p) { return as_float((uint)*p << 16); }
static inline lds4 take4_f32(__global const st_f32 *p) { return *(__global const float4 *)p; }
static inline lds4 take4_f16(__global const st_f16 *p) { return vloada_half4(0, p); }
static inline lds4 take4_bf16(__global const st_bf16 *p)
{
    return as_float4(convert_uint4(*(__global const ushort4 *)p) << 16);
}
#endif
#define TAKE1(type) CAT2(take1_, type)
#define TAKE4(type) CAT2(take4_, type)
