#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The job of tests/vm/23-place-6.12.t: runs in a guest with several nodes, leaves
# TAP in /out/place.tap. busybox sh.
#
#	KIND=even	four CPUs and two nodes, a half of each on either
#	KIND=odd	node 0: CPUs 0-1 and memory, 1: CPUs 2-3 alone, 2: memory alone;
#			CPUs 2-3 are near node 2, far from node 0
#
# What Tollgate says of where memory lies is held against what the kernel says:
# /proc/PID/numa_maps for a round's process, the page allocator's trace events
# for the module.

T=/sys/kernel/debug/tollgate
E=/sys/kernel/tracing/events/kmem/mm_page_alloc
quick="--rounds 1 --samples 30"
n=0
exec 5>/out/place.tap

ok() # STATUS NAME [WHY]
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2" >&5
	else
		echo "not ok $n - $2" >&5
		printf '%s\n' "$3" | sed 's/^/# /' >&5
	fi
}

is() # NAME GOT WANTED
{
	[ "$2" = "$3" ]
	ok $? "$1" "got '$2', wanted '$3'"
}

# A command that must fail: exit code, one line of standard error that has the text.
refuses() # NAME CODE TEXT COMMAND...
{
	name=$1 code=$2 text=$3
	shift 3
	rc=0
	heard=$("$@" 2>&1 >/dev/null) || rc=$?
	[ "$rc" -eq "$code" ] && [ "$(printf '%s\n' "$heard" | wc -l)" -eq 1 ] &&
		printf '%s' "$heard" | grep -qF -- "$text"
	ok $? "$name" "exit $rc: $heard; wanted $code: $text"
}

# Facts of the last run: a field of the environment, or a figure's status.
field() { sed -n "s/^ *\"$1\": \(.*[^,]\),*\$/\1/p" /tmp/r/report.json | head -n 1; } # KEY
status_of() # FIGURE
{
	awk -v name="\"$1\"" '/"name":/ { on = index($0, name) } on && /"status":/ {
		gsub(/[",]/, ""); print $2; exit }' /tmp/r/report.json
}
reason_of()
{
	awk -v name="\"$1\"" '/"name":/ { on = index($0, name) } on && /"reason":/ {
		sub(/.*"reason": /, ""); sub(/,$/, ""); print; exit }' /tmp/r/report.json
}

measure() # NAME WORDS... ; report in /tmp/r
{
	name=$1
	shift
	rm -rf /tmp/r
	# shellcheck disable=SC2086 # several words
	said=$(/tollgate run $quick -o /tmp/r "$@" 2>&1 >/dev/null)
	ok $? "$name" "$said"
}

place() # -> "CPU its-node memory-node distance remote-node distance"
{
	echo "$(field cpu_pinned) $(field cpu_node) $(field mem_node) $(field mem_distance)" \
		"$(field remote_node) $(field remote_distance)"
}

# The nodes that hold a round's own pages, from the kernel: "N1 N0", sorted. What
# files back is the page cache's, wherever it was first read.
nodes_of() # PID
{
	awk '/ file=/ { next } / anon=/ { for (i = 3; i <= NF; i++)
		if ($i ~ /^N[0-9]+=/) { sub(/=.*/, "", $i); seen[$i] = 1 } }
		END { for (s in seen) print s }' "/proc/$1/numa_maps" | sort | tr '\n' ' '
}

# Looks at the processes of rounds, ten times. A remote node is in use only while
# something is measured there: there the most that was seen counts.
watch() # NAME WANTED-NODES WORDS...
{
	name=$1 wanted=$2 seen="" looked=0 tries=0
	shift 2
	# --icount: no idle processes beside a round
	/tollgate run --icount --rounds 1000 --samples 5000 -o /tmp/w "$@" >/dev/null 2>&1 &
	run=$!
	while [ $looked -lt 10 ] && [ $tries -lt 200 ]; do
		tries=$((tries + 1))
		sleep 0.1
		pid=$(cut -d ' ' -f 1 "/proc/$run/task/$run/children")
		[ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" = "tollgate round " ] || continue
		nodes=$(nodes_of "$pid")
		[ -n "$nodes" ] || continue
		looked=$((looked + 1))
		[ ${#nodes} -lt ${#seen} ] || seen=$nodes
	done 2>/dev/null
	kill $run
	wait $run 2>/dev/null
	is "$name" "$seen, $looked times" "$wanted, 10 times"
}

### The module

ask() # COMMAND -> answer in /tmp/answer
{
	exec 3<>$T/run
	echo "$1" 2>/tmp/said >&3
	# shellcheck disable=SC2320 # the write that is meant is echo's
	asked=$?
	cat <&3 >/tmp/answer
	exec 3>&-
	return $asked
}

answer() { sed -n "s/^$1=//p" /tmp/answer; }

# The node of a page frame: the zone that it is in (/proc/zoneinfo).
node_of_frame() # PFN, decimal
{
	awk -v pfn="$1" '/^Node/ { node = $2 + 0 } $1 == "spanned" { spanned = $2 }
		$1 == "start_pfn:" && pfn >= $2 && pfn < $2 + spanned { found = node }
		END { print found }' /proc/zoneinfo
}

ring0() # NAME NODE COMMAND: by the module's word, and by the page allocator's
{
	echo >/sys/kernel/tracing/trace
	echo 1 >$E/enable
	ask "$3"
	echo 0 >$E/enable
	is "$1: the module's word" "$(answer node)$(answer error)" "$2"
	# its memory alone is asked of one node and no other, and zeroed
	frame=$(sed -n "s/.*pfn=\(0x[0-9a-f]*\) .*__GFP_ZERO.*__GFP_THISNODE.*/\1/p" \
		/sys/kernel/tracing/trace | tail -n 1)
	is "$1: the page allocator's" "$(node_of_frame "$((${frame:-0}))")" "$2"
}

denies() # NAME COMMAND TEXT
{
	ask "$2"
	is "$1: the write fails" $? 1
	is "$1: says why" "$(cat /tmp/answer)" "error=$3"
}

even()
{
	measure "the CPU's own node" --lane user 'insn/*_cold*'
	is "the report tells" "$(place)" "3 1 1 10 0 20"
	is "remote memory was measured" "$(status_of insn/load_cold:remote@r3)" ok
	measure "another node" --lane user --cpu 0 --mem-node 1 'insn/*' 'fpu/xsave*' 'crossing/*'
	is "another node: the report tells" "$(place)" "0 0 1 20 -1 0"
	is "another node: none is remote by axis" "$(reason_of insn/load_cold:remote@r3)" \
		'"--mem-node 1 puts all memory there: mem=remote asks for another node"'
	is "another node: all rows found their memory there" \
		"$(grep -c '"status": "failed"' /tmp/r/report.json)" 0
	measure "a CPU of a node" --lane user --cpu node0 --rounds 2 insn/nop
	is "a CPU of a node: the report tells" "$(place) $(field cpu_second)" "1 0 0 10 1 20 0"

	watch "numa_maps: all on the CPU's node" "N0 " --lane user --cpu 0 insn/lock_xadd_cold@r3
	watch "numa_maps: all on the node asked for" "N1 " --lane user --cpu 0 --mem-node 1 \
		insn/lock_xadd_cold@r3
	watch "numa_maps: remote memory beside it" "N0 N1 " --lane user --cpu 0 \
		insn/lock_xadd_cold:remote@r3

	refuses "a node that is not there" 2 \
		"--mem-node 2: this machine has node 0-1; allowed, since with memory: 0-1" \
		/tollgate run --mem-node 2 insn/nop
	refuses "a CPU that is not there" 2 "--cpu 4: this machine has CPU 0-3; allowed: 0-3" \
		/tollgate run --cpu 4 insn/nop
	refuses "a CPU of a node that is not there" 2 \
		"--cpu node2: this machine has node 0-1; allowed, since with a CPU: 0-1" \
		/tollgate run --cpu node2 insn/nop
	refuses "a CPU outside the affinity" 2 \
		"--cpu 3 is not among the CPUs that this process may use (its affinity or cgroup); allowed: 0-1" \
		taskset 3 /tollgate run --cpu 3 insn/nop
	refuses "a node outside the affinity" 2 "none of that node's CPUs is among those" \
		taskset 3 /tollgate run --cpu node1 insn/nop
	echo 0 >/sys/devices/system/cpu/cpu3/online
	refuses "an offline CPU" 2 "--cpu 3 is offline; allowed: 0-2" /tollgate run --cpu 3 insn/nop
	echo 0 >/sys/devices/system/cpu/cpu2/online
	refuses "a node whose CPUs are offline" 2 \
		"--cpu node1: that node has no CPU online; allowed: node 0" \
		/tollgate run --cpu node1 insn/nop
	echo 1 >/sys/devices/system/cpu/cpu2/online
	echo 1 >/sys/devices/system/cpu/cpu3/online
	mkdir /tmp/cgroup
	mount -t cgroup2 none /tmp/cgroup
	mkdir /tmp/cgroup/one
	echo +cpuset >/tmp/cgroup/cgroup.subtree_control
	echo 0 >/tmp/cgroup/one/cpuset.mems
	refuses "a node outside the cpuset" 2 \
		"--mem-node 1: that node's memory is not among what this process may use (its cpuset); allowed: 0" \
		sh -c 'echo $$ >/tmp/cgroup/one/cgroup.procs && exec /tollgate run --mem-node 1 insn/nop'
	refuses "no remote node in the cpuset" 3 "of nodes 0-1 only 0 has any that may be used" \
		sh -c 'echo $$ >/tmp/cgroup/one/cgroup.procs &&
			/tollgate run -o /tmp/r insn/load_cold:remote@r3 2>/tmp/err
			rc=$?; tail -n 1 /tmp/err >&2; exit $rc'

	ring0 "ring 0, local" 0 "insn/load_cold@r0 cpu=1 samples=5"
	ring0 "ring 0, remote" 1 "insn/load_cold:remote@r0 cpu=1 samples=5"
	ring0 "ring 0, remote from the other side" 0 "insn/lock_xadd_cold:remote@r0 cpu=2 samples=5"
	ring0 "ring 0, a node asked for" 1 "fpu/xsave@r0 cpu=0 node=1 samples=5"
	ask "insn/gs_load@r0 cpu=3 samples=5"
	is "ring 0, the CPU's own memory" "$(answer node)" 1
	ask "irq/cli@r0 cpu=3 samples=5"
	is "ring 0, a row without memory" "$(answer node)" none
	denies "a bad node" "insn/nop@r0 node=2" \
		"node=2; allowed: auto, or a node with memory of 0-1"
	denies "remote on the CPU's own node" "insn/load_cold:remote@r0 cpu=0 node=0" \
		"node=0 is CPU 0's, and mem=remote asks for another; allowed: auto, or another node of 0-1"
	denies "per-CPU memory elsewhere" "insn/gs_load@r0 cpu=0 node=1" \
		"node=1: insn/gs_load works on per-CPU memory, which is on node 0; allowed: auto 0"
	is "the knob shows what there is" "$(cat $T/insn/node)" "[auto] (with memory: 0-1)"
	measure "lane host, another node" --lane host --cpu 0 --mem-node 1 'irq/*' 'insn/*' fpu/xsave
	is "lane host: a row that cannot lie there is refused" "$(status_of insn/gs_load@r0)" refused
	is "lane host: the others lie there" "$(grep -c '"status": "failed"' /tmp/r/report.json)" 0
	measure "lane host, remote memory" --lane host 'insn/load_cold*'
	is "lane host: remote in both rings" \
		"$(status_of insn/load_cold:remote@r0) $(status_of insn/load_cold:remote@r3)" "ok ok"
}

odd()
{
	refuses "a node without memory" 2 "--mem-node 1: that node has no memory; allowed: 0 2" \
		/tollgate run --mem-node 1 insn/nop
	refuses "a node without a CPU" 2 \
		"--cpu node2: that node has no CPU online; allowed: node 0-1" \
		/tollgate run --cpu node2 insn/nop
	measure "a CPU whose node has no memory" --lane user --cpu 3 'insn/*_cold*' crossing/fault_anon
	is "its memory is the nearest, remote the farthest" "$(place)" "3 1 2 12 0 21"
	measure "memory that has no CPU" --lane user --cpu 0 --mem-node 2 'insn/*_cold' crossing/fault_anon
	is "memory that has no CPU: the report tells" "$(place)" "0 0 2 20 -1 0"
	watch "numa_maps: the nearest node" "N2 " --lane user --cpu 3 insn/lock_xadd_cold@r3
	watch "numa_maps: and the farthest" "N0 N2 " --lane user --cpu 3 insn/lock_xadd_cold:remote@r3

	ring0 "ring 0, the nearest node" 2 "insn/load_cold@r0 cpu=3 samples=5"
	ring0 "ring 0, the farthest node" 0 "insn/load_cold:remote@r0 cpu=3 samples=5"
	ring0 "ring 0, memory that has no CPU" 2 "fpu/xsave@r0 cpu=0 node=2 samples=5"
	denies "a node without memory, ring 0" "fpu/xsave@r0 node=1" \
		"node=1; allowed: auto, or a node with memory of 0,2"
	measure "lane host, a CPU whose node has no memory" --lane host --cpu 3 'insn/*_cold*' fpu/xsave
	is "lane host: nothing failed" "$(grep -c '"status": "failed"' /tmp/r/report.json)" 0
}

mount -t tracefs none /sys/kernel/tracing 2>/dev/null
insmod /tollgate.ko
"$KIND"
rmmod tollgate
is "nothing in the kernel's log" "$(dmesg | grep -E '\] (BUG|WARNING): |cut here|Oops')" ""
echo "1..$n" >&5
