/* The mathematics of the first glibc of the architecture: a newer one has the same functions, an older one only these. */
#if defined(__x86_64__)
#define FIRST_GLIBC "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define FIRST_GLIBC "GLIBC_2.17"
#endif
__asm__(".symver exp,exp@" FIRST_GLIBC);
__asm__(".symver exp2,exp2@" FIRST_GLIBC);
__asm__(".symver log,log@" FIRST_GLIBC);
__asm__(".symver log2,log2@" FIRST_GLIBC);
__asm__(".symver pow,pow@" FIRST_GLIBC);
