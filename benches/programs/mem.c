// MEM: loads and stores in patterns that a cache likes and does not like: lists in random order, a transposition, a
// histogram, sums and copies; half a MiB at a time and 4 MiB now and then.
#include "program.h"

enum { NODES = 16384, FAR_NODES = 1 << 17, SIDE = 128, BINS = 65536, BLOCK = 1 << 18 };

struct node {
    struct node *next;
    u64 value;
    u64 padding[2];
};

static struct node nodes[NODES], far_nodes[FAR_NODES];
static u32 order[NODES];
static u64 matrix[SIDE * SIDE], transposed[SIDE * SIDE];
static u32 histogram[BINS];
static u64 block[BLOCK / sizeof(u64)], copied[BLOCK / sizeof(u64)];

static NOINLINE u64 chase(struct node *p, int steps) {
    u64 sum = 0;
    while (steps--) {
        sum += p->value;
        p = p->next;
    }
    return sum;
}

static NOINLINE void transpose(void) {
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) transposed[j * SIDE + i] = matrix[i * SIDE + j] + i;
}

static NOINLINE void count(int n) {
    u64 x = 12345;
    for (int i = 0; i < n; i++) {
        x = x * 6364136223846793005ul + 1442695040888963407ul;
        histogram[(x >> 40) & (BINS - 1)] += i;
    }
}

static NOINLINE u64 sum_of(const u64 *p, int n) {
    u64 sum = 0;
    for (int i = 0; i < n; i++) sum += p[i];
    return sum;
}

static NOINLINE void copy(u64 *to, const u64 *from, u64 n) {
    while (n--) *to++ = *from++;
}

static void prepare(void) {
    for (int i = 0; i < NODES; i++) order[i] = i;
    for (int i = NODES - 1; i > 0; i--) {
        int j = next_random() % (i + 1);
        u32 other = order[i];
        order[i] = order[j];
        order[j] = other;
    }
    for (int i = 0; i < NODES; i++) {
        nodes[order[i]].next = &nodes[order[(i + 1) & (NODES - 1)]];
        nodes[i].value = i;
    }
    for (int i = 0; i < SIDE * SIDE; i++) matrix[i] = i * 7;
    for (int i = 0; i < BLOCK; i++) ((u8 *)block)[i] = i * 3;
    for (int i = 0; i < FAR_NODES; i++) {
        far_nodes[i].next = &far_nodes[(i * 40503u + 12345) & (FAR_NODES - 1)];
        far_nodes[i].value = i;
    }
}

u64 run(u64 iterations) {
    u64 sum = 0;
    prepare();
    for (u64 n = 0; n < iterations; n++) {
        sum += chase(nodes, 60000);
        transpose();
        sum += sum_of(transposed, SIDE * SIDE);
        count(20000);
        copy(copied, block, BLOCK / sizeof(u64));
        sum ^= sum_of(copied, BLOCK / sizeof(u64));
        sum += histogram[n & (BINS - 1)];
        if ((n & 7) == 0) sum += chase(far_nodes, 20000);
    }
    return sum;
}
