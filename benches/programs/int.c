// INT: integer code of the usual kinds: a sieve, two CRCs, quicksort and a part of Dhrystone.
#include "program.h"

enum { SIEVE = 16384, BYTES = 4096, NUMBERS = 2048, DHRYSTONES = 300 };

static u8 is_prime[SIEVE];
static u32 crc_table[256];
static u8 bytes[BYTES];
static int numbers[NUMBERS];

// The number of primes below SIEVE.
static NOINLINE u64 sieve(void) {
    int count = 0;
    for (int i = 0; i < SIEVE; i++) is_prime[i] = 1;
    for (int i = 2; i < SIEVE; i++) {
        if (!is_prime[i]) continue;
        count++;
        for (int k = i + i; k < SIEVE; k += i) is_prime[k] = 0;
    }
    return count;
}

static NOINLINE void fill_crc_table(void) {
    for (u32 i = 0; i < 256; i++) {
        u32 crc = i;
        for (int bit = 0; bit < 8; bit++) crc = (crc & 1) ? 0xEDB88320u ^ (crc >> 1) : crc >> 1;
        crc_table[i] = crc;
    }
}

static NOINLINE u32 crc_by_table(const u8 *p, int n) {
    u32 crc = ~0u;
    while (n--) crc = crc_table[(crc ^ *p++) & 255] ^ (crc >> 8);
    return ~crc;
}

static NOINLINE u32 crc_by_bit(const u8 *p, int n) {
    u32 crc = ~0u;
    while (n--) {
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320u & -(crc & 1));
    }
    return ~crc;
}

// Recurses into the smaller part and loops over the larger.
static NOINLINE void quicksort(int *a, int low, int high) {
    while (low < high) {
        int pivot = a[(low + high) / 2], i = low, j = high;
        while (i <= j) {
            while (a[i] < pivot) i++;
            while (a[j] > pivot) j--;
            if (i <= j) {
                int other = a[i];
                a[i] = a[j];
                a[j] = other;
                i++;
                j--;
            }
        }
        if (j - low < high - i) {
            quicksort(a, low, j);
            low = i;
        } else {
            quicksort(a, i, high);
            high = j;
        }
    }
}

// Dhrystone's functions, as far as they differ in kind: records, strings, arrays, small calls.

struct record {
    struct record *next;
    int discriminant;
    int enumeration;
    int integer;
    char string[31];
};

static struct record first, second;
static char string_1[32], string_2[32];
static int array_1[50], array_2[50][50];

static NOINLINE int compare(const char *a, const char *b) {
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (u8)*a - (u8)*b;
}

static NOINLINE void copy(char *to, const char *from) {
    while ((*to++ = *from++)) {}
}

static NOINLINE int same_letter(char a, char b) {
    char c = a;
    if (c != b) return 0;
    return 1;
}

static NOINLINE int is_greater(const char *a, const char *b) {
    int i = 1;
    char c = 'A';
    while (i <= 1) {
        if (same_letter(a[i], b[i + 1]) != 0) break;
        c = 'A';
        i++;
    }
    if (compare(a, b) > 0) return i + 7 + (c == 'A');
    return 0;
}

static NOINLINE void add_two(int a, int b, int *sum) { *sum = a + 2 + b; }

static NOINLINE void fill_arrays(int *a, int (*b)[50], int x, int y) {
    int k = x + 5;
    a[k] = y;
    a[k + 1] = a[k];
    a[k + 30] = k;
    for (int i = k; i <= k + 1; i++) b[k][i] = k;
    b[k][k - 1] += 1;
    b[k + 20][k] = a[k];
}

static NOINLINE void assign_records(struct record *p) {
    struct record *next = p->next;
    *next = first;
    p->integer = 5;
    next->integer = p->integer;
    next->next = p->next;
    if (next->discriminant == 0) {
        next->integer = 6;
        add_two(next->integer, 10, &next->integer);
    } else {
        *p = *next;
    }
}

static NOINLINE u64 dhrystone(int n) {
    u64 sum = 0;
    int a, b, c = 0;
    first.next = &second;
    first.discriminant = 0;
    first.enumeration = 2;
    first.integer = 40;
    copy(first.string, "DHRYSTONE PROGRAM, SOME STRING");
    copy(string_1, "DHRYSTONE PROGRAM, 1'ST STRING");
    for (int i = 1; i <= n; i++) {
        a = 2;
        b = 3;
        copy(string_2, "DHRYSTONE PROGRAM, 2'ND STRING");
        sum += !is_greater(string_1, string_2);
        while (a < b) {
            c = 5 * a - b;
            add_two(a, b, &c);
            a++;
        }
        fill_arrays(array_1, array_2, a, c);
        assign_records(&first);
        for (char letter = 'A'; letter <= 'B'; letter++) sum += same_letter(letter, 'C');
        b = b * a;
        a = b / c;
        b = 7 * (b - c) - a;
        sum += a + b + c;
    }
    return sum;
}

u64 run(u64 iterations) {
    u64 sum = 0;
    fill_crc_table();
    for (u64 n = 0; n < iterations; n++) {
        sum = sum * 31 + sieve();
        for (int i = 0; i < BYTES; i++) bytes[i] = next_random();
        sum ^= crc_by_table(bytes, BYTES);
        sum = sum * 31 + crc_by_table(bytes, BYTES) + crc_by_bit(bytes, BYTES / 4);
        for (int i = 0; i < NUMBERS; i++) numbers[i] = (int)(next_random() >> 33);
        quicksort(numbers, 0, NUMBERS - 1);
        for (int i = 1; i < NUMBERS; i++)
            if (numbers[i - 1] > numbers[i]) sum = 0xbad;
        sum += numbers[1000];
        sum = sum * 17 + dhrystone(DHRYSTONES);
    }
    return sum;
}
