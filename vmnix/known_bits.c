// SPDX-License-Identifier: GPL-2.0-only
/*
 * APM volume 2, 3.1.3 (CR4), 3.1.7 (EFER), 11.5 (XCR0, XSS); SDM volume 3A, 2.5 and volume 1, 13.1
 * for Intel's.
 */
#include "known_bits.h"

static const struct vmnix_bit cr4_bits[] = {
	{ 0, true, "VME" },
	{ 1, true, "PVI" },
	{ 2, true, "TSD" },
	{ 3, true, "DE" },
	{ 4, true, "PSE" },
	{ 5, true, "PAE" },
	{ 6, true, "MCE" },
	{ 7, true, "PGE" },
	{ 8, true, "PCE" },
	{ 9, true, "OSFXSR" },
	{ 10, true, "OSXMMEXCPT" },
	{ 11, true, "UMIP" },
	{ 12, true, "LA57" },
	{ 13, true, "VMXE" }, /* a row of its own says who uses it */
	{ 14, false, "SMXE" },
	{ 16, true, "FSGSBASE" },
	{ 17, true, "PCIDE" },
	{ 18, true, "OSXSAVE" },
	{ 19, false, "KL" },
	{ 20, true, "SMEP" },
	{ 21, true, "SMAP" },
	{ 22, true, "PKE" },
	{ 23, true, "CET" }, /* user shadow stacks; supervisor ones are a row of their own */
	{ 24, false, "PKS" },
	{ 25, false, "UINTR" },
	{ 27, false, "LASS" },
	{ 28, false, "LAM_SUP" },
	{ 32, false, "FRED" },
};

static const struct vmnix_bit efer_bits[] = {
	{ 0, true, "SCE" },
	{ 8, true, "LME" },
	{ 10, true, "LMA" },
	{ 11, true, "NXE" },
	{ 12, true, "SVME" }, /* a row of its own says who uses it */
	{ 13, false, "LMSLE" },
	{ 14, false, "FFXSR" },
	{ 15, false, "TCE" },
	{ 17, false, "MCOMMIT" },
	{ 18, false, "INTWB" },
	{ 20, false, "UAIE" },
	{ 21, true, "AIBRSE" },
};

static const struct vmnix_bit xcr0_bits[] = {
	{ 0, true, "x87" },
	{ 1, true, "SSE" },
	{ 2, true, "AVX" },
	{ 3, true, "BNDREGS" },
	{ 4, true, "BNDCSR" },
	{ 5, true, "AVX-512 opmask" },
	{ 6, true, "AVX-512 ZMM_Hi256" },
	{ 7, true, "AVX-512 Hi16_ZMM" },
	{ 9, true, "PKRU" },
	{ 17, false, "AMX TILECFG" },
	{ 18, false, "AMX TILEDATA" },
	{ 19, false, "APX" },
	{ 62, false, "LWP" },
};

static const struct vmnix_bit xss_bits[] = {
	{ 8, false, "PT" },
	{ 10, false, "PASID" },
	{ 11, true, "CET_U" },
	{ 12, false, "CET_S" },
	{ 13, false, "HDC" },
	{ 14, false, "UINTR" },
	{ 15, false, "LBR" },
	{ 16, false, "HWP" },
};

static const struct {
	const char *name;
	const struct vmnix_bit *bits;
	uint32_t count;
} words[VMNIX_WORDS] = {
	[VMNIX_WORD_CR4] = { "CR4", cr4_bits, sizeof(cr4_bits) / sizeof(cr4_bits[0]) },
	[VMNIX_WORD_EFER] = { "EFER", efer_bits, sizeof(efer_bits) / sizeof(efer_bits[0]) },
	[VMNIX_WORD_XCR0] = { "XCR0", xcr0_bits, sizeof(xcr0_bits) / sizeof(xcr0_bits[0]) },
	[VMNIX_WORD_XSS] = { "IA32_XSS", xss_bits, sizeof(xss_bits) / sizeof(xss_bits[0]) },
};

static const struct vmnix_bit *find(enum vmnix_word word, uint32_t bit)
{
	uint32_t i;

	for (i = 0; i < words[word].count; i++)
		if (words[word].bits[i].bit == bit)
			return &words[word].bits[i];
	return NULL;
}

const char *vmnix_word_name(enum vmnix_word word)
{
	return words[word].name;
}

bool vmnix_bit_is_known(enum vmnix_word word, uint32_t bit)
{
	const struct vmnix_bit *entry = find(word, bit);

	return entry && entry->known;
}

const char *vmnix_bit_name(enum vmnix_word word, uint32_t bit)
{
	const struct vmnix_bit *entry = find(word, bit);

	return entry ? entry->name : NULL;
}
