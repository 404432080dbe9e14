/* conv/winograd_transform.h: the one-dimensional transforms of Winograd's minimal filtering F(F, FR):
 * F(2, 3), F(4, 3), F(2, 5).
 *
 *   outputs y[0..F-1] of a correlation of d[0..F+FR-2] with the FR taps g:  y = A^T ((G g) * (B^T d))
 *
 * All are the interpolation of the product of two polynomials at F + FR - 2 points and infinity. F(2, 3): 0, 1, -1.
 * F(4, 3) and F(2, 5): 0, +-POINT_A, +-POINT_B, and so the same B; with a = POINT_A, b = POINT_B:
 *   B^T d   a2b2*d0 - (a2+b2)*d2 + d4;  (d4 - b2*d2) +- a*(d3 - b2*d1);  (d4 - a2*d2) +- b*(d3 - a2*d1);
 *           a2b2*d1 - (a2+b2)*d3 + d5
 *   G g     g0/a2b2;  (g0 +- a*g1 + a2*g2 ...) / (2*a2*(a2-b2));  (g0 +- b*g1 + b2*g2 ...) / (2*b2*(b2-a2));  the last g
 *   A^T m   sums of p^i * m over the points p; the last output also takes m5
 * F = 1 stands for an axis on which the kernel has one tap: nothing is transformed.
 */
#ifndef FH
#define FH 4 /* outputs of a tile along the height: 4, 2, or 1 */
#endif
#ifndef FW
#define FW 4
#endif
#ifndef FR
#define FR 3 /* taps of the kernel: 3, or 5 with 2 outputs */
#endif
#define EXTENT(f) ((f) == 1 ? 1 : (f) + FR - 1)
#define AH EXTENT(FH) /* inputs of a tile along the height */
#define AW EXTENT(FW)
#ifndef POINT_A
#define POINT_A 0.75f /* these two err 3 to 4 times less than 1 and 2, and all constants of B are exact */
#endif
#ifndef POINT_B
#define POINT_B 1.5f
#endif
#define A2 (POINT_A * POINT_A)
#define B2 (POINT_B * POINT_B)

/* to[1..4]: a polynomial's even and odd part at POINT_A, added at +POINT_A and subtracted at -POINT_A; POINT_B alike. */
static inline void both_signs(realv even_a, realv odd_a, realv even_b, realv odd_b, realv *to)
{
    to[1] = even_a + odd_a;
    to[2] = even_a - odd_a;
    to[3] = even_b + odd_b;
    to[4] = even_b - odd_b;
}

static inline void transform_in_1(const realv *d, realv *t) { t[0] = d[0]; }
static inline void transform_in_2(const realv *d, realv *t)
{
    t[0] = d[0] - d[2];
    t[1] = d[2] + d[1];
    t[2] = d[2] - d[1];
    t[3] = d[3] - d[1];
}
static inline void transform_in_4(const realv *d, realv *t)
{
    const realv even_a = fma((realv)(-B2), d[2], d[4]);
    const realv odd_a = POINT_A * fma((realv)(-B2), d[1], d[3]);
    const realv even_b = fma((realv)(-A2), d[2], d[4]);
    const realv odd_b = POINT_B * fma((realv)(-A2), d[1], d[3]);
    t[0] = fma((realv)(A2 * B2), d[0], fma((realv)(-(A2 + B2)), d[2], d[4]));
    both_signs(even_a, odd_a, even_b, odd_b, t);
    t[5] = fma((realv)(A2 * B2), d[1], fma((realv)(-(A2 + B2)), d[3], d[5]));
}

static inline void transform_out_1(const realv *m, realv *y) { y[0] = m[0]; }
static inline void transform_out_2(const realv *m, realv *y)
{
    y[0] = m[0] + m[1] + m[2];
    y[1] = m[1] - m[2] + m[3];
}
static inline void transform_out_4(const realv *m, realv *y)
{
    const realv sum_a = m[1] + m[2];
    const realv difference_a = m[1] - m[2];
    const realv sum_b = m[3] + m[4];
    const realv difference_b = m[3] - m[4];
    y[0] = m[0] + sum_a + sum_b;
    y[1] = fma((realv)(POINT_B), difference_b, POINT_A * difference_a);
    y[2] = fma((realv)(B2), sum_b, A2 * sum_a);
    y[3] = fma((realv)(B2 * POINT_B), difference_b, fma((realv)(A2 * POINT_A), difference_a, m[5]));
}

static inline void transform_weights_1(const realv *g, realv *u) { u[0] = g[0]; }
static inline void transform_weights_2(const realv *g, realv *u)
{
    const realv ends = g[0] + g[2];
    u[0] = g[0];
    u[1] = 0.5f * (ends + g[1]);
    u[2] = 0.5f * (ends - g[1]);
    u[3] = g[2];
}
static inline void transform_weights_4(const realv *g, realv *u)
{
    const realv even_a = fma((realv)(A2), g[2], g[0]) * (1.0f / (2.0f * A2 * (A2 - B2)));
    const realv odd_a = g[1] * (POINT_A / (2.0f * A2 * (A2 - B2)));
    const realv even_b = fma((realv)(B2), g[2], g[0]) * (1.0f / (2.0f * B2 * (B2 - A2)));
    const realv odd_b = g[1] * (POINT_B / (2.0f * B2 * (B2 - A2)));
    u[0] = g[0] * (1.0f / (A2 * B2));
    both_signs(even_a, odd_a, even_b, odd_b, u);
    u[5] = g[2];
}

static inline void transform_out_2_of_5(const realv *m, realv *y)
{
    y[0] = m[0] + (m[1] + m[2]) + (m[3] + m[4]);
    y[1] = fma((realv)(POINT_B), m[3] - m[4], fma((realv)(POINT_A), m[1] - m[2], m[5]));
}
static inline void transform_weights_2_of_5(const realv *g, realv *u)
{
    const realv even_a = fma((realv)(A2), fma((realv)(A2), g[4], g[2]), g[0]) * (1.0f / (2.0f * A2 * (A2 - B2)));
    const realv odd_a = fma((realv)(A2), g[3], g[1]) * (POINT_A / (2.0f * A2 * (A2 - B2)));
    const realv even_b = fma((realv)(B2), fma((realv)(B2), g[4], g[2]), g[0]) * (1.0f / (2.0f * B2 * (B2 - A2)));
    const realv odd_b = fma((realv)(B2), g[3], g[1]) * (POINT_B / (2.0f * B2 * (B2 - A2)));
    u[0] = g[0] * (1.0f / (A2 * B2));
    both_signs(even_a, odd_a, even_b, odd_b, u);
    u[5] = g[4];
}

#if FR == 5
#define transform_in_1_of_5 transform_in_1
#define transform_in_2_of_5 transform_in_4
#define transform_out_1_of_5 transform_out_1
#define transform_weights_1_of_5 transform_weights_1
#define OF_TAPS(name, f) CAT2(CAT2(name, f), _of_5)
#else
#define OF_TAPS(name, f) CAT2(name, f)
#endif
#define TRANSFORM_IN(f) OF_TAPS(transform_in_, f)
#define TRANSFORM_OUT(f) OF_TAPS(transform_out_, f)
#define TRANSFORM_WEIGHTS(f) OF_TAPS(transform_weights_, f)
