/* Slots of each family's step, as its argument struct has the fields. */
#ifndef AR_STEPS_H
#define AR_STEPS_H

enum { MM_A, MM_B, MM_C, MM_CIN, MM_BIAS, MM_A_SCALE, MM_A_ZERO, MM_B_SCALE, MM_B_ZERO, MM_SLOTS };
enum {
    CONV_X,
    CONV_W,
    CONV_Y,
    CONV_BIAS,
    CONV_RESIDUAL,
    CONV_X_SCALE,
    CONV_X_ZERO,
    CONV_W_SCALE,
    CONV_W_ZERO,
    CONV_Y_SCALE,
    CONV_Y_ZERO,
    CONV_SLOTS
};
enum { RNN_X, RNN_W, RNN_R, RNN_B, RNN_P, RNN_LENS, RNN_H0, RNN_C0, RNN_Y, RNN_Y_H, RNN_Y_C, RNN_SLOTS };
enum {
    ATT_Q,
    ATT_K,
    ATT_V,
    ATT_Y,
    ATT_MASK,
    ATT_LENS,
    ATT_COS,
    ATT_SIN,
    ATT_Q_POSITIONS,
    ATT_K_POSITIONS,
    ATT_SLOTS
};

#endif
