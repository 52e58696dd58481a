// SPDX-License-Identifier: GPL-2.0-only
// The four functions that a freestanding compiler may call (GCC manual, "Language Standards Supported by GCC").
#include <cstddef>
#include <cstdint>

extern "C" {

void *memcpy(void *to, const void *from, std::size_t bytes) {
    void *const start = to;
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
    return start;
}

void *memset(void *to, int value, std::size_t bytes) {
    void *const start = to;
    asm volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
    return start;
}

void *memmove(void *to, const void *from, std::size_t bytes) {
    if (to <= from || static_cast<const std::byte *>(from) + bytes <= to)
        return memcpy(to, from, bytes);
    auto *last_to = static_cast<std::byte *>(to) + bytes - 1;
    auto *last_from = static_cast<const std::byte *>(from) + bytes - 1;
    asm volatile("std\n\trep movsb\n\tcld" : "+D"(last_to), "+S"(last_from), "+c"(bytes) : : "memory");
    return to;
}

// By words while they are equal: the launch compares whole pages while every CPU is stopped.
int memcmp(const void *a, const void *b, std::size_t bytes) {
    const auto *x = static_cast<const unsigned char *>(a), *y = static_cast<const unsigned char *>(b);
    std::size_t i = 0;
    for (std::uint64_t p, q; bytes - i >= sizeof(p); i += sizeof(p)) {
        __builtin_memcpy(&p, x + i, sizeof(p));
        __builtin_memcpy(&q, y + i, sizeof(q));
        if (p != q)
            break;
    }
    for (; i < bytes; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

std::size_t strlen(const char *text) {
    std::size_t n = 0;
    while (text[n] != 0)
        n++;
    return n;
}
}
