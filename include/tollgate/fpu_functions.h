/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One always-inline function per strategy and event: tgf_eager_switch_out() and so
 * on. The last lines of mod/fpu_state.c.
 */
#ifndef TOLLGATE_FPU_FUNCTIONS_H
#define TOLLGATE_FPU_FUNCTIONS_H

#define TGF_FUNCTIONS(id, p, what)								\
TGF_INLINE void tgf_##p##_switch_out(struct tgf_cpu *cpu, struct tgf_fpu *prev)			\
{ tgf_switch_out(TGF_##id, cpu, prev); }							\
TGF_INLINE void tgf_##p##_switch_in(struct tgf_cpu *cpu, struct tgf_fpu *next)			\
{ tgf_switch_in(TGF_##id, cpu, next); }								\
TGF_INLINE enum tgf_run tgf_##p##_exit_user(struct tgf_cpu *cpu, struct tgf_fpu *cur)		\
{ return tgf_exit_user(TGF_##id, cpu, cur); }							\
TGF_INLINE void tgf_##p##_nm(struct tgf_cpu *cpu, struct tgf_fpu *cur)				\
{ tgf_nm(TGF_##id, cpu, cur); }									\
TGF_INLINE void tgf_##p##_kernel_begin(struct tgf_cpu *cpu, struct tgf_fpu *cur)		\
{ tgf_kernel_begin(TGF_##id, cpu, cur); }							\
TGF_INLINE void tgf_##p##_kernel_end(struct tgf_cpu *cpu, struct tgf_fpu *cur)			\
{ tgf_kernel_end(TGF_##id, cpu, cur); }								\
TGF_INLINE void tgf_##p##_guest_load(struct tgf_cpu *cpu, struct tgf_fpu *cur,			\
				     struct tgf_fpu *guest)					\
{ tgf_guest_load(TGF_##id, cpu, cur, guest); }							\
TGF_INLINE void tgf_##p##_guest_put(struct tgf_cpu *cpu, struct tgf_fpu *cur,			\
				    struct tgf_fpu *guest)					\
{ tgf_guest_put(TGF_##id, cpu, cur, guest); }							\
TGF_INLINE enum tgf_run tgf_##p##_clear(struct tgf_cpu *cpu, struct tgf_fpu *cur)		\
{ return tgf_clear(TGF_##id, cpu, cur); }							\
TGF_INLINE enum tgf_run tgf_##p##_signal_save(struct tgf_cpu *cpu, struct tgf_fpu *cur)		\
{ return tgf_signal_save(TGF_##id, cpu, cur); }							\
TGF_INLINE enum tgf_run tgf_##p##_signal_restore(struct tgf_cpu *cpu, struct tgf_fpu *cur)	\
{ return tgf_signal_restore(TGF_##id, cpu, cur); }						\
TGF_INLINE enum tgf_run tgf_##p##_fork(struct tgf_cpu *cpu, struct tgf_fpu *parent,		\
				       struct tgf_fpu *child)					\
{ return tgf_fork(TGF_##id, cpu, parent, child); }						\
TGF_INLINE void tgf_##p##_exit(struct tgf_cpu *cpu, struct tgf_fpu *cur)			\
{ tgf_exit(TGF_##id, cpu, cur); }								\
TGF_INLINE enum tgf_run tgf_##p##_read_own(struct tgf_cpu *cpu, struct tgf_fpu *cur)		\
{ return tgf_read_own(TGF_##id, cpu, cur); }							\
TGF_INLINE enum tgf_run tgf_##p##_write_own(struct tgf_cpu *cpu, struct tgf_fpu *cur)		\
{ return tgf_write_own(TGF_##id, cpu, cur); }							\
TGF_INLINE void tgf_##p##_ptrace_write(struct tgf_fpu *fpu)					\
{ tgf_ptrace_write(TGF_##id, fpu); }
TGF_STRATEGIES(TGF_FUNCTIONS)
#undef TGF_FUNCTIONS

#endif
