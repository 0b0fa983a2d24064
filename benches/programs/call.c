// CALL: calls and returns: Fibonacci, Takeuchi and calls through a table.
#include "program.h"

static NOINLINE int fibonacci(int n) {
    if (n < 2) return n;
    return fibonacci(n - 1) + fibonacci(n - 2);
}

static NOINLINE int takeuchi(int x, int y, int z) {
    if (y >= x) return z;
    return takeuchi(takeuchi(x - 1, y, z), takeuchi(y - 1, z, x), takeuchi(z - 1, x, y));
}

typedef u64 (*function)(u64, u64);

static NOINLINE u64 add(u64 a, u64 b) { return a + b; }
static NOINLINE u64 mix(u64 a, u64 b) { return a ^ (b << 1); }
static NOINLINE u64 subtract(u64 a, u64 b) { return a - b; }
static NOINLINE u64 multiply(u64 a, u64 b) { return a * b + 1; }

static function table[4] = {add, mix, subtract, multiply};

static NOINLINE u64 through_table(int n) {
    u64 sum = 1, x = 99;
    for (int i = 0; i < n; i++) {
        x = x * 1103515245 + 12345;
        sum = table[(x >> 16) & 3](sum, x);
    }
    return sum;
}

u64 run(u64 iterations) {
    u64 sum = 0;
    for (u64 n = 0; n < iterations; n++) {
        sum += fibonacci(20);
        sum += takeuchi(12, 8, 4);
        sum = sum * 3 + through_table(5000);
    }
    return sum;
}
