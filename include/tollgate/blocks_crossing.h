/* SPDX-License-Identifier: GPL-2.0 */
/*
 * crossing/: through the kernel's own paths, from ring 3 alone. SYSCALL
 * changes rax, rcx and r11; the kernel keeps the rest.
 */

.macro PROLOGUE_crossing name, role
.endm

.macro SETUP_crossing
.endm

.macro EPILOGUE_crossing name, role
.endm

.macro BLOCK_crossing_syscall_null n, part, variant
	.rept	\n
	mov	$TG_NR_GETPID, %eax
	syscall
	.endr
.endm
