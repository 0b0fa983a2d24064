// What the programs in C share. Each is one file and has no library: it is compiled to a flat image that is entered at
// `run`, in M-mode with a stack, and returns a checksum of all that it has computed. Those of one program must be equal
// on all simulators.
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

// Kept out of line, so that what is measured does not depend on the compiler's taste.
#define NOINLINE __attribute__((noinline))

// Does the program's work `iterations` times. Lies first in the image.
__attribute__((section(".text.run"))) u64 run(u64 iterations);

// A sequence of numbers without a pattern: Marsaglia's xorshift.
static u64 random_state = 88172645463325252ul;

static inline u64 next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}
