/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mod/fpu_state.c without a checker: guards stay in, points are none. For ring 3
 * and ring 0; the operations on registers are defined beside it.
 */
#ifndef TOLLGATE_FPU_PLAIN_H
#define TOLLGATE_FPU_PLAIN_H

#define TGF_OWNER_IS(cpu, fpu)		((cpu)->owner == (fpu))
#define TGF_OWNER_READ(cpu, fpu)	((void)(cpu), (void)(fpu))
#define TGF_IS_HOT(fpu)			((fpu)->uses > TGF_HOT_USES)
#ifndef TGF_GUARD			/* a test may take some out */
#define TGF_GUARD(name)			1
#endif
#ifndef TGF_WRITTEN_PKRU		/* who writes memory leaves PKRU alone */
#define TGF_WRITTEN_PKRU(fpu, old)	((void)(fpu), (old))
#endif
#define TGF_BEGIN			{
#define TGF_END				} return TGF_DONE;
#define TGF_POINT(n, closed)
#define TGF_LABEL(n)			again_##n:
#define TGF_AGAIN(n, fpu)		TGF_FAULT_IN(fpu); goto again_##n;

#endif
