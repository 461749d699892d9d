/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ROM in the place of the BIOS: from the reset vector to 64-bit mode in ring 0
 * (SDM vol. 3, 10.8.5), no firmware and no kernel before it. Linked for
 * 0xf0000, where the PC has the last 64 KiB of its ROM below 1 MiB.
 *
 * RAM: page tables at 0x1000 to 0x3fff (the first GiB, by 2 MiB pages), the stack
 * below 0x80000.
 */
#define PAGES		0x1000
#define STACK		0x80000
#define ROM		0xf0000

#define PAGE_PRESENT	0x1
#define PAGE_WRITE	0x2
#define PAGE_LARGE	0x80

#define CR0_PE		0x00000001
#define CR0_MP		0x00000002
#define CR0_NE		0x00000020
#define CR0_PG		0x80000000
#define CR4_PAE		0x00000020
#define MSR_EFER	0xc0000080
#define EFER_LME	0x00000100

#define CODE32		0x08
#define DATA		0x10
#define CODE64		0x18

#define EXIT_PORT	0xf4		/* QEMU's isa-debug-exit */
#define PIC1_MASK	0x21
#define PIC2_MASK	0xa1

	.section .rom, "ax"
	.code16
	.globl	tg_rom
tg_rom:
	cli
	cld
	mov	$0xff, %al
	out	%al, $PIC1_MASK
	out	%al, $PIC2_MASK
	lgdtl	%cs:(gdt_pointer - ROM)
	mov	$(CR0_PE | CR0_MP | CR0_NE), %eax
	mov	%eax, %cr0
	ljmpl	$CODE32, $protected

	.code32
protected:
	mov	$DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$STACK, %esp

	/* RAM need not be zero */
	mov	$PAGES, %edi
	xor	%eax, %eax
	mov	$(3 * 4096 / 4), %ecx
	rep stosl
	movl	$(PAGES + 0x1000 + PAGE_PRESENT + PAGE_WRITE), PAGES
	movl	$(PAGES + 0x2000 + PAGE_PRESENT + PAGE_WRITE), PAGES + 0x1000
	mov	$(PAGES + 0x2000), %edi
	mov	$(PAGE_PRESENT + PAGE_WRITE + PAGE_LARGE), %eax
	mov	$512, %ecx
1:	mov	%eax, (%edi)
	add	$0x200000, %eax
	add	$8, %edi
	loop	1b

	mov	$PAGES, %eax
	mov	%eax, %cr3
	mov	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_LME, %eax
	wrmsr
	mov	%cr0, %eax
	or	$CR0_PG, %eax
	mov	%eax, %cr0
	ljmp	$CODE64, $long_mode

	.code64
long_mode:
	call	tg_probe_main
	xor	%eax, %eax
	out	%al, $EXIT_PORT
2:	hlt
	jmp	2b

	.p2align 3
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff	/* CODE32: base 0, 4 GiB */
	.quad	0x00cf93000000ffff	/* DATA */
	.quad	0x00af9b000000ffff	/* CODE64 */
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt

	/* The first instruction after reset is 16 bytes below the end. */
	.section .reset, "ax"
	.code16
	ljmp	$(ROM >> 4), $(tg_rom - ROM)

	.section .note.GNU-stack, "", @progbits
