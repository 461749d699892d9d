# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154 # T, W, POINT are of armed-checks.sh
# Checks of the knobs below frame/, for tests/vm/armed-checks.sh, which sources this.

check_knobs()
{
	is "$(cat $T/frame/exit) / $(cat $T/frame/check)" \
		"[sysret] iret / [nocheck] read locked tested status" "frame/ has knobs"
	echo iret >$T/frame/exit
	exec 3>$T/frame/run
	echo 1 2>"$W/said" >&3
	like "$(fact last_error)" "frame/point:iret@cross means nothing: IRET takes*" \
		"knobs that mean nothing together arm nothing"
	is "$(fact armed)" none "indeed"
	echo full >$T/frame/frame
	like "$(cat $T/frame/run)" "frame/point:full:iret@cross
# 1 arms the writer*" "run shows what they say"
	echo 2 2>"$W/said" >&3
	is "$(fact last_error)" "'2'; allowed: 1, quiet or an empty line" "writing 2 arms nothing"
	echo 1 >&3
	is "$(fact armed)" frame/point:full:iret@cross "writing 1 arms the shell with what they say"
	exec 3>&-
	is "$(fact armed)" none "and closing run disarms it"
	echo sti >$T/frame/sti
	exec 3>$T/frame/run
	echo 1 2>"$W/said" >&3
	like "$(fact last_error)" "frame/point:full:sti:iret@cross is for quiet stretches alone: *" \
		"knobs that set IF arm nobody whose calls may come outside a quiet stretch"
	echo quiet >&3
	is "$(fact armed)" frame/point:full:sti:iret@cross "writing quiet arms for such"
	exec 3>&-
	echo tested >$T/frame/check
	exec 3>$T/frame/run
	echo quiet 2>"$W/said" >&3
	like "$(fact last_error)" "frame/point:full:sti:iret:tested@cross is not built; *" \
		"knobs that no stub is built for arm nothing"
	exec 3>&-
	echo nosti >$T/frame/sti
	echo nocheck >$T/frame/check
	echo bare >$T/frame/frame
	echo sysret >$T/frame/exit
}

# Each rule of frame.def broken, by knobs and by names: refused in its words, and no more.
check_rules()
{
	: >"$W/rules"
	while read -r settings; do
		for one in $settings; do
			echo "${one#*=}" >$T/frame/"${one%=*}"
		done
		knobs=$(cat $T/frame/*)
		exec 3>$T/frame/run
		for word in 1 quiet; do
			said=$(echo $word 2>&1 >&3)
			like "$said:$(fact last_error)" "*Invalid argument:frame/point:*@cross means nothing: *" \
				"$settings: writing $word to run is EINVAL"
		done
		exec 3>&-
		error=$(fact last_error)
		echo "${error#*means nothing: }" >>"$W/rules"
		is "$(fact armed)" none "nothing is armed"
		is "$(cat $T/frame/*)" "$knobs" "and the knobs are as they were"
		name=${error%% *}
		is "$(/armed try "$name"):$(fact armed)" "$error:none" "$name is refused likewise"
		said=$(/tollgate run "$name" 2>&1)
		like "$?:$said" "2:*$error*" "and by the tool"
		for one in $settings; do
			defaults=$(tr -d '[]' <$T/frame/"${one%=*}")
			echo "${defaults%% *}" >$T/frame/"${one%=*}"
		done
	done <<-END
		frame=bare exit=iret
		frame=partial exit=iret
		frame=rsp_flags pace=fast exit=iret
		frame=bare pace=slow
		frame=full pace=slow
		frame=full switch=swapgs
		frame=partial switch=stack
		frame=bare fence=fence
		check=locked
		smap=stac
		preempt=preempt
		context=context
		offset=offset
		cr3=cr3
		cr3=noflush
		dispatch=compare
		frame=partial offset=offset
		verw=verw
		frame=full dispatch=indirect
		frame=full dispatch=retpoline
		frame=full dispatch=lfence_call
		frame=full guard=bhb
		frame=full guard=untrain
		guard=rsb
		reload=slot
		frame=flags reload=slot
		frame=full exit=iret reload=slot
	END
	is "$(sort -u "$W/rules")" "$(/armed rules | sort -u)" "every rule of frame.def was broken"
	is "$(/armed try $POINT)" armed "and what means something arms"
}
