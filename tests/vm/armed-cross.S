/* SPDX-License-Identifier: GPL-2.0 */
/*
 * void cross(struct state *in, struct state *out): one SYSCALL with every
 * register as in says; out gets what they are behind it. struct state is in armed.h.
 */
#include "armed.h"

/* What Linux leaves 0 in DS and ES, where nobody would see it cleared (asm/segment.h). */
#define USER_DS	0x2b

	.text
	.globl	cross
	.type	cross, @function
cross:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rsi			/* out: 8(%rsp) */
	push	%rdi
	cmpb	$0, armed_avx(%rip)
	jne	1f
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movdqu	STATE_YMM + 32 * \n(%rdi), %xmm\n
	.endr
	jmp	2f
1:	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vmovdqu	STATE_YMM + 32 * \n(%rdi), %ymm\n
	.endr
2:	mov	$USER_DS, %eax
	mov	%eax, %ds
	mov	%eax, %es
	pushq	STATE_FLAGS(%rdi)
	mov	STATE_RAX(%rdi), %rax
	mov	STATE_RBX(%rdi), %rbx
	mov	STATE_RDX(%rdi), %rdx
	mov	STATE_RSI(%rdi), %rsi
	mov	STATE_RBP(%rdi), %rbp
	mov	STATE_R8(%rdi), %r8
	mov	STATE_R9(%rdi), %r9
	mov	STATE_R10(%rdi), %r10
	mov	STATE_R12(%rdi), %r12
	mov	STATE_R13(%rdi), %r13
	mov	STATE_R14(%rdi), %r14
	mov	STATE_R15(%rdi), %r15
	mov	STATE_RDI(%rdi), %rdi
	mov	%rsp, stack_before(%rip)
	cmpb	$0, cross_moves_ss(%rip)
	jne	3f
	popfq
	syscall
	.globl	cross_return
cross_return:
	jmp	4f
3:	popfq
	mov	cross_ss(%rip), %ss
	syscall
	.globl	cross_ss_return
cross_ss_return:
4:
	mov	%rsp, stack_after(%rip)
	pushfq
	mov	%rdi, spare(%rip)
	mov	16(%rsp), %rdi		/* out */
	mov	%rax, STATE_RAX(%rdi)
	mov	%rbx, STATE_RBX(%rdi)
	mov	%rcx, STATE_RCX(%rdi)
	mov	%rdx, STATE_RDX(%rdi)
	mov	%rsi, STATE_RSI(%rdi)
	mov	spare(%rip), %rax
	mov	%rax, STATE_RDI(%rdi)
	mov	%rbp, STATE_RBP(%rdi)
	mov	%r8, STATE_R8(%rdi)
	mov	%r9, STATE_R9(%rdi)
	mov	%r10, STATE_R10(%rdi)
	mov	%r11, STATE_R11(%rdi)
	mov	%r12, STATE_R12(%rdi)
	mov	%r13, STATE_R13(%rdi)
	mov	%r14, STATE_R14(%rdi)
	mov	%r15, STATE_R15(%rdi)
	popq	STATE_FLAGS(%rdi)
	cld
	mov	stack_after(%rip), %rax
	sub	stack_before(%rip), %rax
	sub	$8, %rax		/* what POPF took */
	mov	%rax, STATE_RSP(%rdi)
	cmpb	$0, armed_avx(%rip)
	jne	1f
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movdqu	%xmm\n, STATE_YMM + 32 * \n(%rdi)
	.endr
	jmp	2f
1:	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vmovdqu	%ymm\n, STATE_YMM + 32 * \n(%rdi)
	.endr
2:
	mov	%ds, %eax
	mov	%ax, STATE_SEGMENTS(%rdi)
	mov	%es, %eax
	mov	%ax, STATE_SEGMENTS + 2(%rdi)
	mov	%fs, %eax
	mov	%ax, STATE_SEGMENTS + 4(%rdi)
	mov	%gs, %eax
	mov	%ax, STATE_SEGMENTS + 6(%rdi)
	mov	%ss, %eax
	mov	%ax, STATE_SEGMENTS + 8(%rdi)
	mov	%cs, %eax
	mov	%ax, STATE_SEGMENTS + 10(%rdi)
	pop	%rdi
	pop	%rsi
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
	.size	cross, . - cross

/*
 * long low_call(long number, long arg1, long arg2, long arg3): to 32-bit code at
 * low_far, as SYSCALL takes them there, with low_stack; it comes back to low_back.
 */
	.globl	low_call
	.type	low_call, @function
low_call:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, low_saved(%rip)
	mov	%rdi, %rax
	mov	%rsi, %rbx
	mov	%rdx, %rbp
	mov	%rcx, %rdx
	mov	$USER_DS, %ecx
	mov	%ecx, %ds
	mov	%ecx, %es
	xor	%esi, %esi
	xor	%edi, %edi
	mov	low_stack(%rip), %rsp
	ljmpl	*low_far(%rip)
	.globl	low_back
low_back:
	mov	low_saved(%rip), %rsp
	movslq	%eax, %rax
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
	.size	low_call, . - low_call

	.local	low_saved
	.comm	low_saved, 8, 8
	.globl	low_stack, low_far
	.comm	low_stack, 8, 8
	.comm	low_far, 8, 8
	.local	stack_before, stack_after, spare
	.comm	stack_before, 8, 8
	.comm	stack_after, 8, 8
	.comm	spare, 8, 8
	.globl	cross_ss, cross_moves_ss
	.comm	cross_ss, 2, 8
	.comm	cross_moves_ss, 1, 8
	.section .note.GNU-stack, "", @progbits
