// FP: double precision: planets that attract each other, a product of matrices and a polynomial.
#include "program.h"

enum { BODIES = 5, STEPS = 200, SIDE = 24, POINTS = 1000 };

struct body {
    double position[3], velocity[3], mass;
};

// A sun and four planets of no particular system.
static struct body bodies[BODIES] = {
    {{0, 0, 0}, {0, 0, 0}, 39.5},
    {{4.84, -1.16, -0.10}, {0.61, 2.81, -0.03}, 0.038},
    {{8.34, 4.12, -0.40}, {-1.01, 1.83, 0.01}, 0.011},
    {{12.9, -15.1, -0.22}, {1.08, 0.87, -0.01}, 0.0017},
    {{15.4, -25.9, 0.18}, {0.98, 0.59, -0.03}, 0.0020},
};

static double left[SIDE][SIDE], right[SIDE][SIDE], product[SIDE][SIDE];

// One step in time, as long as `dt`: every pair of bodies changes both velocities, and then all move.
static NOINLINE void advance(double dt) {
    for (int i = 0; i < BODIES; i++) {
        struct body *a = &bodies[i];
        for (int j = i + 1; j < BODIES; j++) {
            struct body *b = &bodies[j];
            double distance[3], square = 0;
            for (int k = 0; k < 3; k++) {
                distance[k] = a->position[k] - b->position[k];
                square += distance[k] * distance[k];
            }
            double pull = dt / (square * __builtin_sqrt(square));
            for (int k = 0; k < 3; k++) {
                a->velocity[k] -= distance[k] * b->mass * pull;
                b->velocity[k] += distance[k] * a->mass * pull;
            }
        }
    }
    for (int i = 0; i < BODIES; i++)
        for (int k = 0; k < 3; k++) bodies[i].position[k] += dt * bodies[i].velocity[k];
}

static NOINLINE void multiply(void) {
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            double sum = 0;
            for (int k = 0; k < SIDE; k++) sum += left[i][k] * right[k][j];
            product[i][j] = sum;
        }
    }
}

// The sum of exp(x) by its first terms, for points between 0 and 1.
static NOINLINE double polynomial(int points) {
    double sum = 0;
    for (int i = 0; i < points; i++) {
        double x = (double)i / points;
        sum += 1 + x * (1 + x * (1.0 / 2 + x * (1.0 / 6 + x * (1.0 / 24 + x * (1.0 / 120 + x / 720)))));
    }
    return sum;
}

static u64 bits(double value) {
    union {
        double value;
        u64 bits;
    } same = {value};
    return same.bits;
}

u64 run(u64 iterations) {
    u64 sum = 0;
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            left[i][j] = 1.0 / (i + j + 1);
            right[i][j] = i - j * 0.5;
        }
    }
    for (u64 n = 0; n < iterations; n++) {
        for (int step = 0; step < STEPS; step++) advance(0.01);
        sum = sum * 31 + bits(bodies[0].position[0]);
        left[n % SIDE][0] += 0.25;
        multiply();
        sum = sum * 31 + bits(product[n % SIDE][5]);
        sum = sum * 31 + bits(polynomial(POINTS));
    }
    return sum;
}
