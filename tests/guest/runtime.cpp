// SPDX-License-Identifier: GPL-2.0-only
// What the compiler takes for granted.
#include <cstddef>

extern "C" void *memcpy(void *to, const void *from, std::size_t bytes) {
    void *const begin = to;
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes)::"memory");
    return begin;
}

extern "C" void *memmove(void *to, const void *from, std::size_t bytes) {
    if (to <= from)
        return memcpy(to, from, bytes);
    for (; bytes != 0; bytes--)
        static_cast<volatile char *>(to)[bytes - 1] = static_cast<const char *>(from)[bytes - 1];
    return to;
}

extern "C" void *memset(void *to, int value, std::size_t bytes) {
    void *const begin = to;
    asm volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
    return begin;
}

extern "C" int memcmp(const void *a, const void *b, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; i++)
        if (static_cast<const unsigned char *>(a)[i] != static_cast<const unsigned char *>(b)[i])
            return static_cast<const unsigned char *>(a)[i] - static_cast<const unsigned char *>(b)[i];
    return 0;
}

extern "C" std::size_t strlen(const char *text) {
    const char *end = text;
    while (*static_cast<const volatile char *>(end) != 0)
        end++;
    return static_cast<std::size_t>(end - text);
}

extern "C" void *memchr(const void *in, int what, std::size_t bytes) {
    for (auto *at = static_cast<const volatile unsigned char *>(in); bytes != 0; at++, bytes--)
        if (*at == static_cast<unsigned char>(what))
            return const_cast<unsigned char *>(at);
    return nullptr;
}
