// SPDX-License-Identifier: GPL-2.0
/*
 * The shadow IDT of a CPU, and the stack of its own gates: the one owner. A
 * shadow is a copy of the kernel's IDT in which some gates go elsewhere; it is in
 * IDTR only while an armed task runs on that CPU.
 *
 * Gates with a stack of their own take IST 6, which Linux leaves unused (it has 1 to
 * 5, asm/page_64_types.h): where the interrupted code's RSP may be the user's, a
 * push to it would fault (SMAP), and with no stack a #PF is a #DF.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <asm/desc.h>
#include <asm/processor.h>

#include "entry.h"

#define TG_IST		6		/* as a gate has it: 1 to 7 */
#define TG_IST_ORDER	2		/* 16 KiB, as the kernel's own */
#define TG_VECTORS	256

struct tg_shadow {
	gate_desc *table;		/* a page */
	void *stack;			/* 1 << TG_IST_ORDER pages, once a gate wants it */
	struct desc_ptr was;		/* while loaded: IDTR, and the TSS's slot */
	u64 ist_was;
};
static DEFINE_PER_CPU(struct tg_shadow, tg_shadow);

static gate_desc *tg_table(const struct desc_ptr *idtr)
{
	return (gate_desc *)idtr->address;
}

static int tg_nr_gates(const struct desc_ptr *idtr)
{
	int nr = (idtr->size + 1) / sizeof(gate_desc);

	return nr < TG_VECTORS ? nr : TG_VECTORS;
}

unsigned long tg_idt_kernel(int vector)
{
	struct desc_ptr idtr;
	const gate_desc *g;

	store_idt(&idtr);
	if (vector >= tg_nr_gates(&idtr))
		return 0;
	g = tg_table(&idtr) + vector;
	return g->bits.p ? gate_offset(g) : 0;
}

static void tg_set_gate(gate_desc *g, const struct tg_gate *to)
{
	unsigned long address = (unsigned long)to->entry;

	g->offset_low = (u16)address;
	g->offset_middle = (u16)(address >> 16);
	g->offset_high = (u32)(address >> 32);
	if (to->own_stack)
		g->bits.ist = TG_IST;
}

int tg_idt_prepare(int cpu, const struct tg_gate *gates, int nr)
{
	struct tg_shadow *s = per_cpu_ptr(&tg_shadow, cpu);
	struct desc_ptr idtr;
	bool own_stack = false;
	int i;

	BUILD_BUG_ON(TG_VECTORS * sizeof(gate_desc) > PAGE_SIZE);
	if (!s->table)
		s->table = tg_node_alloc(PAGE_SIZE, cpu_to_mem(cpu));
	for (i = 0; i < nr; i++)
		own_stack |= gates[i].own_stack;
	if (own_stack && !s->stack)
		s->stack = tg_node_alloc(PAGE_SIZE << TG_IST_ORDER, cpu_to_mem(cpu));
	if (!s->table || (own_stack && !s->stack))
		return -ENOMEM;
	/* one table serves all CPUs, and does not change once the kernel runs */
	store_idt(&idtr);
	memset(s->table, 0, PAGE_SIZE);
	memcpy(s->table, tg_table(&idtr), tg_nr_gates(&idtr) * sizeof(gate_desc));
	for (i = 0; i < nr; i++)
		if (s->table[gates[i].vector].bits.p)
			tg_set_gate(&s->table[gates[i].vector], &gates[i]);
	return 0;
}

void tg_idt_load(void)
{
	struct tg_shadow *s = this_cpu_ptr(&tg_shadow);
	struct tss_struct *tss = this_cpu_ptr(&cpu_tss_rw);
	struct desc_ptr idtr = {
		.size = TG_VECTORS * sizeof(gate_desc) - 1,
		.address = (unsigned long)s->table,
	};

	store_idt(&s->was);
	s->ist_was = tss->x86_tss.ist[TG_IST - 1];
	if (s->stack)
		tss->x86_tss.ist[TG_IST - 1] = (unsigned long)s->stack +
					       (PAGE_SIZE << TG_IST_ORDER);
	native_load_idt(&idtr);
}

bool tg_idt_unload(void)
{
	struct tg_shadow *s = this_cpu_ptr(&tg_shadow);
	struct tss_struct *tss = this_cpu_ptr(&cpu_tss_rw);
	struct desc_ptr idtr;

	native_load_idt(&s->was);
	tss->x86_tss.ist[TG_IST - 1] = s->ist_was;
	store_idt(&idtr);
	return idtr.address == s->was.address && idtr.size == s->was.size &&
	       tss->x86_tss.ist[TG_IST - 1] == s->ist_was;
}

void tg_idt_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct tg_shadow *s = per_cpu_ptr(&tg_shadow, cpu);

		tg_node_free(s->table, PAGE_SIZE);
		tg_node_free(s->stack, PAGE_SIZE << TG_IST_ORDER);
	}
}
