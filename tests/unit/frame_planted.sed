# With (a) and (b), but the way back as without them; R11's place is filled in on entry.
s/mov\tTG_PART(SP), %rsp/mov\tTG_GS(tg_user_rsp), %rsp/
/^\.macro TG_FRAME_partial/,/^\.endm/s/mov\tTG_PART(FLAGS), %r11/mov\tTG_PART(R11), %r11/
/^\.macro TG_FRAME_partial/,/^\.endm/s/mov\t%r11, TG_PART(FLAGS)/&\n\tmov\t%r11, TG_PART(R11)/
