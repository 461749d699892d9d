/* SPDX-License-Identifier: GPL-2.0 */
/*
 * include/tollgate/fpu_image.h: the images byte by byte, and what this CPU's
 * registers hold after XRSTOR has taken them (SDM vol. 1, 13.4 to 13.8).
 */
#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <tollgate/exp.h>
#include <tollgate/fpu_image.h>

enum {
	LEGACY_END = 512, XCOMP_BV = 520, HEADER_END = 576,
	FCW = 0, FSW = 2, FTW = 4, MXCSR = 24, ST0 = 32, XMM0 = 160, XMM_END = 416,
};

/* Bits of XCR0 with a component each: AVX, opmask, ZMM_Hi256, Hi16_ZMM, tile data */
#define ANY_BITS_VALID	(0x4ULL | 0xe0ULL | TG_XFEATURE_TILEDATA)

static bool has_xsave(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) && c & bit_OSXSAVE;
}

static size_t image_size(void)
{
	return (tg_fpu_image_size() + 63) & ~63U;
}

/* XCR0 less what the kernel keeps to itself and what takes a permission. */
static uint64_t usable(void)
{
	return tg_xcr0() & ~(TG_XFEATURE_PKRU | TG_XFEATURE_AMX);
}

/* The masks of the axis comp; all stands for what this CPU has. */
static size_t comp_masks(uint64_t *masks)
{
	const struct tg_axis *a = &tg_axes[TG_AXIS_comp];

	for (int v = 0; v < a->nr_values; v++)
		masks[v] = a->values[v].number == TG_RFBM_ALL ? usable() : a->values[v].number;
	return a->nr_values;
}

/* Where this CPU keeps component i, as <cpuid.h> has it; false if nowhere. */
static bool place_of(int i, unsigned int *offset, unsigned int *size)
{
	unsigned int c, d;

	__cpuid_count(0xd, i, *size, *offset, c, d);
	return *size && *offset >= HEADER_END;
}

/* Where compacting puts it: behind those before it, some on the next 64 bytes. */
static bool compacted_place_of(int i, uint64_t rfbm, unsigned int *offset, unsigned int *size)
{
	unsigned int c, d, b, end = HEADER_END;

	for (int j = 2; j < i; j++) {
		if (!(rfbm & 1ULL << j))
			continue;
		__cpuid_count(0xd, j, *size, b, c, d);
		end = (c & 2 && end % 64 ? end + 64 - end % 64 : end) + *size;
	}
	__cpuid_count(0xd, i, *size, b, c, d);
	*offset = c & 2 && end % 64 ? end + 64 - end % 64 : end;
	return *size;
}

static bool place_in(enum tg_fpu_format format, int i, uint64_t rfbm, unsigned int *offset,
		     unsigned int *size)
{
	return format == TG_FPU_STANDARD ? place_of(i, offset, size) :
					   compacted_place_of(i, rfbm, offset, size);
}

static void put(uint8_t *image, size_t at, unsigned int value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		image[at + i] = value >> (8 * i);
}

/* The image as the header's comment promises it, made another way. */
static void expected_image(uint8_t *b, size_t size, uint64_t rfbm, enum tg_fpu_state state,
			   enum tg_fpu_format format)
{
	static const uint8_t one[10] = { 0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f };
	unsigned int at, n;

	memset(b, 0, size);
	put(b, FCW, 0x37f, 2);
	put(b, MXCSR, 0x1f80, 4);
	if (format == TG_FPU_COMPACTED) {
		put(b, XCOMP_BV, rfbm, 4);
		put(b, XCOMP_BV + 4, rfbm >> 32 | 0x80000000, 4);
	}
	if (state == TG_FPU_INIT)
		return;
	put(b, LEGACY_END, rfbm, 4);
	put(b, LEGACY_END + 4, rfbm >> 32, 4);
	if (rfbm & 1) {
		put(b, FTW, 0xff, 1);
		for (int i = 0; i < 8; i++)
			memcpy(b + ST0 + 16 * i, one, sizeof(one));
	}
	memset(b + XMM0, 0x11, XMM_END - XMM0);
	for (int i = 2; i < 63; i++) {
		if (!(rfbm & 1ULL << i) || !place_in(format, i, rfbm, &at, &n) || at + n > size)
			continue;
		if (1ULL << i & ANY_BITS_VALID)
			memset(b + at, 0x5a, n);
		if (1ULL << i == TG_XFEATURE_TILECFG) {
			put(b, at, 1, 1);
			for (int t = 0; t < 8; t++) {
				put(b, at + 16 + 2 * t, 64, 2);
				put(b, at + 48 + t, 16, 1);
			}
		}
	}
}

static void check_format(size_t size, uint64_t rfbm, enum tg_fpu_state state,
			 enum tg_fpu_format format)
{
	/* exactly so long, so that the sanitiser sees a write beyond */
	uint8_t *image = malloc(size), *expected = malloc(size);

	assert_non_null(image);
	assert_non_null(expected);
	memset(image, 0xee, size);
	tg_fpu_fill(image, size, rfbm, state, format);
	expected_image(expected, size, rfbm, state, format);
	for (size_t i = 0; i < size; i++)
		if (image[i] != expected[i])
			fail_msg("rfbm 0x%llx state %d format %d: byte %zu is 0x%02x, not 0x%02x",
				 (unsigned long long)rfbm, state, format, i, image[i],
				 expected[i]);
	/* XRSTOR faults on a bit of XCOMP_BV in the standard format, or of what is reserved */
	for (size_t i = XCOMP_BV; i < HEADER_END; i++)
		if (format == TG_FPU_STANDARD || i >= XCOMP_BV + 8)
			assert_int_equal(image[i], 0);
	free(image);
	free(expected);
}

static void check_bytes(size_t size, uint64_t rfbm, enum tg_fpu_state state)
{
	check_format(size, rfbm, state, TG_FPU_STANDARD);
	check_format(size, rfbm, state, TG_FPU_COMPACTED);
}

static void every_image(void **state)
{
	uint64_t masks[64];
	size_t n;

	(void)state;
	if (!has_xsave()) {
		print_message("# CPUID.1:ECX.OSXSAVE is clear\n");
		skip();
	}
	n = comp_masks(masks);
	for (size_t i = 0; i < n; i++)
		for (int s = TG_FPU_INIT; s <= TG_FPU_UNMODIFIED; s++)
			check_bytes(image_size(), masks[i], s);
	/* and each component alone, known to this CPU or not */
	for (int i = 0; i < 63; i++)
		for (int s = TG_FPU_INIT; s <= TG_FPU_UNMODIFIED; s++)
			check_bytes(image_size(), 1ULL << i, s);
	check_bytes(image_size(), 0, TG_FPU_DIRTY);
}

/* Areas too small for a component: it is left out, nothing is written beyond. */
static void never_beyond_the_end(void **state)
{
	uint64_t all = ~(1ULL << 63);

	(void)state;
	if (!has_xsave()) {
		print_message("# CPUID.1:ECX.OSXSAVE is clear\n");
		skip();
	}
	/* components end at multiples of 64, or of 8 */
	for (size_t size = HEADER_END; size <= image_size(); size++)
		if (size % 64 < 10 || size % 64 == 63)
			for (int s = TG_FPU_INIT; s <= TG_FPU_UNMODIFIED; s++)
				check_bytes(size, all, s);
}

/* An area for FXSAVE alone, as where there is no XSAVE: no CPUID leaf is asked. */
static void legacy_image(void **state)
{
	(void)state;
	for (int s = TG_FPU_INIT; s <= TG_FPU_UNMODIFIED; s++)
		check_format(HEADER_END, TG_XFEATURE_LEGACY, s, TG_FPU_STANDARD);
}

/* CPUID.(0xD,1):EAX[1] */
static bool has_xsavec(void)
{
	unsigned int a = 0, b, c, d;

	if (has_xsave())
		__cpuid_count(0xd, 1, a, b, c, d);
	return a & 2;
}

/* What one process hands to another: four areas, shared. */
struct areas {
	uint8_t *image, *other, *out, *saved;
};

static int map_areas(void **state)
{
	static struct areas areas;
	size_t size;
	uint8_t *room;

	*state = NULL;
	if (!has_xsave())
		return 0;
	size = (image_size() + 4095) & ~4095UL;
	room = mmap(NULL, 4 * size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (room == MAP_FAILED)
		return -1;
	areas = (struct areas){ room, room + size, room + 2 * size, room + 3 * size };
	*state = &areas;
	return 0;
}

/* Registers as other has them, then as the image has them; out is what they hold then. */
static void load_and_store(const struct areas *a, uint64_t rfbm)
{
	uint64_t all = usable();
	uint32_t lo = rfbm, hi = rfbm >> 32, all_lo = all, all_hi = all >> 32;

	asm volatile("mov %[all_lo], %%eax; mov %[all_hi], %%edx;"
		     "xsave64 (%[saved]);"
		     "xrstor64 (%[other]);"
		     "mov %[lo], %%eax; mov %[hi], %%edx;"
		     "xrstor64 (%[image]);"
		     "mov %[all_lo], %%eax; mov %[all_hi], %%edx;"
		     "xsave64 (%[out]);"
		     "xrstor64 (%[saved])"
		     : : [all_lo] "r" (all_lo), [all_hi] "r" (all_hi), [lo] "r" (lo),
			 [hi] "r" (hi), [saved] "r" (a->saved), [other] "r" (a->other),
			 [image] "r" (a->image), [out] "r" (a->out)
		     : "eax", "edx", "memory");
}

/* In a child, since an image that is wrong ends in SIGSEGV. Its wait status. */
static int through_the_registers(const struct areas *a, uint64_t rfbm)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);	/* the sanitiser's handler would print */
		load_and_store(a, rfbm);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void same_bytes(const char *what, const uint8_t *out, const uint8_t *from, size_t at,
		       size_t n)
{
	for (size_t i = at; i < at + n; i++)
		if (out[i] != from[i])
			fail_msg("%s: byte %zu is 0x%02x, not 0x%02x", what, i, out[i], from[i]);
}

/*
 * Every component came from where it should: those of rfbm from the image, the
 * others from what was loaded before. XSAVE writes each whether or not it is in
 * use; what it says of that in XSTATE_BV depends on the CPU, so a component in
 * its initial configuration is told by its bytes, all zero. FOP, FIP and FDP
 * are skipped: some CPUs keep them for exceptions alone.
 */
static void check_registers(const struct areas *a, uint64_t rfbm, enum tg_fpu_format format)
{
	uint64_t all = usable();
	const uint8_t *from = rfbm & 1 ? a->image : a->other;
	unsigned int at, n, there, same;

	same_bytes("FCW", a->out, from, FCW, 2);
	same_bytes("FSW", a->out, from, FSW, 2);
	same_bytes("FTW", a->out, from, FTW, 1);
	for (int i = 0; i < 8; i++)
		same_bytes("ST", a->out, from, ST0 + 16 * i, 10);
	/* MXCSR comes with SSE or AVX */
	same_bytes("MXCSR", a->out, rfbm & 6 ? a->image : a->other, MXCSR, 4);
	same_bytes("XMM", a->out, rfbm & 2 ? a->image : a->other, XMM0, XMM_END - XMM0);
	for (int i = 2; i < 63; i++)
		if (all & ANY_BITS_VALID & 1ULL << i && place_of(i, &at, &n)) {
			from = a->other + at;
			if (rfbm & 1ULL << i && place_in(format, i, rfbm, &there, &same))
				from = a->image + there;
			same_bytes(i == 2 ? "AVX" : "AVX-512", a->out + at, from, 0, n);
		}
}

/* Everything unlike the image: 2.0, another rounding, other bits. */
static void fill_other(uint8_t *b, size_t size, bool init)
{
	uint64_t all = usable();
	unsigned int at, n;

	tg_fpu_fill(b, size, all, init ? TG_FPU_INIT : TG_FPU_DIRTY, TG_FPU_STANDARD);
	if (init)
		return;
	put(b, FCW, 0xf7f, 2);
	put(b, MXCSR, 0x7f80, 4);
	for (int i = 0; i < 8; i++)
		put(b, ST0 + 16 * i + 8, 0x4000, 2);
	memset(b + XMM0, 0xc3, XMM_END - XMM0);
	for (int i = 2; i < 63; i++)
		if (all & ANY_BITS_VALID & 1ULL << i && place_of(i, &at, &n))
			memset(b + at, 0x69, n);
}

static void load(void **state, const char *name, uint64_t rfbm)
{
	struct areas *a = *state;

	if (!a) {
		print_message("# CPUID.1:ECX.OSXSAVE is clear\n");
		skip();
	}
	rfbm = rfbm == TG_RFBM_ALL ? usable() : rfbm;
	if (rfbm & ~usable()) {
		print_message("# %s: XCR0 lacks 0x%llx\n", name,
			      (unsigned long long)(rfbm & ~usable()));
		skip();
	}
	for (int format = 0; format < (has_xsavec() ? 2 : 1); format++) {
		for (int n = 0; n < 2 * (TG_FPU_UNMODIFIED + 1); n++) {
			int s = n / 2;

			fill_other(a->other, image_size(), n % 2);
			tg_fpu_fill(a->image, image_size(), rfbm, s, format);
			memset(a->out, 0, image_size());
			memset(a->saved, 0, image_size());
			if (through_the_registers(a, rfbm))
				fail_msg("%s: XRSTOR faults on state %d, format %d", name, s,
					 format);
			check_registers(a, rfbm, format);
		}
	}
}

/* One test a value of the axis comp, but for AMX, whose use takes a permission. */
static void load_x87(void **state) { load(state, "x87", 0x1); }
static void load_sse(void **state) { load(state, "sse", 0x3); }
static void load_avx(void **state) { load(state, "avx", 0x7); }
static void load_avx512(void **state) { load(state, "avx512", 0xe7); }
static void load_all(void **state) { load(state, "all", TG_RFBM_ALL); }

/* A wrong header does end in a signal: the tests above would notice. */
static void a_bad_header_faults(void **state)
{
	struct areas *a = *state;
	int status;

	if (!a) {
		print_message("# CPUID.1:ECX.OSXSAVE is clear\n");
		skip();
	}
	fill_other(a->other, image_size(), false);
	tg_fpu_fill(a->image, image_size(), 3, TG_FPU_DIRTY, TG_FPU_STANDARD);
	a->image[XCOMP_BV] = 1;
	status = through_the_registers(a, 3);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

/*
 * XSAVEC's own area of what an image of ours put into the registers: the same
 * components at the same places, so sizes and alignment are this CPU's too.
 */
static void as_xsavec_does_it(void **state)
{
	struct areas *a = *state;
	uint64_t all = usable();
	unsigned int at, n;

	if (!a || !has_xsavec()) {
		print_message("# CPUID.(0xD,1):EAX.XSAVEC is clear\n");
		skip();
	}
	/* with a hole in front, AVX-512 is elsewhere than in the standard format */
	for (int hole = 0; hole <= 1; hole++) {
		uint64_t rfbm = hole ? all & ~TG_XFEATURE_AVX : all;

		tg_fpu_fill(a->image, image_size(), rfbm, TG_FPU_DIRTY, TG_FPU_COMPACTED);
		memset(a->out, 0, image_size());
		memset(a->saved, 0, image_size());
		asm volatile("mov %[all_lo], %%eax; mov %[all_hi], %%edx;"
			     "xsave64 (%[saved]);"
			     "mov %[lo], %%eax; mov %[hi], %%edx;"
			     "xrstor64 (%[image]);"
			     "xsavec64 (%[out]);"
			     "mov %[all_lo], %%eax; mov %[all_hi], %%edx;"
			     "xrstor64 (%[saved])"
			     : : [all_lo] "r" ((uint32_t)all), [all_hi] "r" ((uint32_t)(all >> 32)),
				 [lo] "r" ((uint32_t)rfbm), [hi] "r" ((uint32_t)(rfbm >> 32)),
				 [saved] "r" (a->saved), [image] "r" (a->image), [out] "r" (a->out)
			     : "eax", "edx", "memory");
		same_bytes("XCOMP_BV", a->out, a->image, XCOMP_BV, 8);
		for (int i = 2; i < 63; i++)
			if (rfbm & ANY_BITS_VALID & 1ULL << i &&
			    compacted_place_of(i, rfbm, &at, &n))
				same_bytes("component", a->out, a->image, at, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_image),
		cmocka_unit_test(never_beyond_the_end),
		cmocka_unit_test(legacy_image),
		cmocka_unit_test(load_x87),
		cmocka_unit_test(load_sse),
		cmocka_unit_test(load_avx),
		cmocka_unit_test(load_avx512),
		cmocka_unit_test(load_all),
		cmocka_unit_test(as_xsavec_does_it),
		cmocka_unit_test(a_bad_header_faults),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("image", tests, map_areas, NULL) ? 1 : 0;
}
