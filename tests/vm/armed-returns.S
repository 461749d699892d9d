/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ways back to returns_on, each with every register known and RSP in a stack of its own:
 * armed-unusual.c says what the frame, or the address, is. They end with a signal.
 */
#define STACK		4096
#define SYS_kill	62
#define SIGUSR1		10
#define USER_CS		0x33
#define USER32_CS	0x23
#define NR32_getpid	20

	/* rax, rcx, r11 are the ways' own */
	.macro	known
	cld
	lea	stack + STACK(%rip), %rsp
	pushq	$0x202
	popfq
	.irp	n, rbx, rdx, rsi, rdi, rbp, r8, r9, r10, r12, r13, r14, r15
	mov	$0x1234567, %\n
	.endr
	.endm

	.text
/* A signal to itself, whose handler changes the frame: by rt_sigreturn(2). */
	.globl	return_by_signal
return_by_signal:
	known
	mov	returns_pid(%rip), %rdi
	mov	$SIGUSR1, %esi
	mov	$SYS_kill, %eax
	syscall
	.globl	returns_on
returns_on:
	push	%rax
	nop
	ud2

/* By IRET from ring 3. */
	.globl	return_by_iret
return_by_iret:
	known
	xor	%eax, %eax
	xor	%ecx, %ecx
	xor	%r11d, %r11d
	pushq	returns_frame + 32(%rip)
	pushq	returns_frame + 24(%rip)
	pushq	returns_frame + 16(%rip)
	pushq	returns_frame + 8(%rip)
	pushq	returns_frame(%rip)
	iretq

/* By POPF, MOV to SS and JMP, far if it is to another CS. */
	.globl	return_by_jump
return_by_jump:
	known
	mov	returns_frame + 32(%rip), %ecx
	mov	returns_frame(%rip), %r11
	mov	%r11d, far(%rip)
	mov	returns_frame + 8(%rip), %eax
	mov	%ax, far + 4(%rip)
	cmp	$USER_CS, %eax
	pushq	returns_frame + 16(%rip)
	jne	1f
	popfq
	mov	%ecx, %ss
	mov	returns_frame + 24(%rip), %rsp
	jmp	*%r11
1:	popfq
	mov	%ecx, %ss
	mov	returns_frame + 24(%rip), %rsp
	ljmpl	*far(%rip)

/* By a system call of this number, which stands elsewhere. */
	.globl	return_by_call
return_by_call:
	known
	mov	returns_number(%rip), %rax
	jmp	*returns_frame(%rip)

/*
 * A system call of this number right behind one of 32-bit code: what the kernel's stack
 * has of the earlier one is another CS.
 */
	.globl	return_from_32
return_from_32:
	known
	lea	1f(%rip), %rax
	mov	%eax, far(%rip)
	movw	$USER32_CS, far + 4(%rip)
	ljmpl	*far(%rip)
	.code32
1:	mov	$NR32_getpid, %eax
	int	$0x80
	ljmp	$USER_CS, $2f
	.code64
2:	mov	returns_number(%rip), %rax
	syscall
	jmp	returns_on

	.globl	returns_frame, returns_pid, returns_number
	.comm	returns_frame, 5 * 8, 8
	.comm	returns_pid, 8, 8
	.comm	returns_number, 8, 8
	.local	stack, far
	.comm	far, 6, 8
	.comm	stack, STACK, 64
	.section .note.GNU-stack, "", @progbits
