#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# vm/module.sh and vm/host-run.sh with a stand-in module, so that they are
# tested where the real one is broken. TAP; TOLLGATE_TEST_KERNEL as in 10-boot.t.
set -uo pipefail
cd "$(dirname -- "$0")/../.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh

kernel=${TOLLGATE_TEST_KERNEL:-6.12}
found=$(vm/fetch.sh "$kernel") || exit 1
image=$(sed -n 's/^image=//p' <<<"$found")
build=$(sed -n 's/^build=//p' <<<"$found")

### A tree of its own: our vm/, another module

tree=$scratch/tree
mkdir -p "$tree"/{mod,include/tollgate}
cp -r vm "$tree/"
export TOLLGATE_CACHE=$scratch/cache
cat >"$tree/Kbuild" <<'EOF'
obj-m := tollgate.o
tollgate-y := mod/main.o
ccflags-y := -I$(src)/include
EOF
echo '#define TG_TEST_SAYS "stand-in"' >"$tree/include/tollgate/says.h"
cat >"$tree/mod/main.c" <<'EOF'
#include <linux/debugfs.h>
#include <linux/module.h>
#include <tollgate/says.h>

static bool refuse = IS_ENABLED(TG_TEST_REFUSE);
static struct dentry *dir;
static u32 one = 1;

static int __init tg_test_init(void)
{
	pr_info("tollgate: " TG_TEST_SAYS "\n");
	if (refuse)
		return -EOPNOTSUPP;
	dir = debugfs_create_dir("tollgate", NULL);
	debugfs_create_u32("one", 0600, dir, &one);
	return 0;
}

static void __exit tg_test_exit(void)
{
	debugfs_remove(dir);
}

module_init(tg_test_init);
module_exit(tg_test_exit);
MODULE_LICENSE("GPL");
EOF
module()
{
	"$tree/vm/module.sh" "$build" "$scratch/$1.ko"
}

### vm/module.sh

ok "the module is built" module good
ok "the tree stays clean" test -z "$(find "$tree" -name '*.o' -o -name '*.cmd' -o -name '*.mod')"
object=$(find "$TOLLGATE_CACHE" -name main.o)
before=$(stat -c %y "$object")
touch "$tree/mod/main.c"
module good
is "touched but not changed: not compiled again" "$(stat -c %y "$object")" "$before"

sed -i 's/stand-in/no hardware here/' "$tree/include/tollgate/says.h"
echo 'ccflags-y += -DTG_TEST_REFUSE=1' >>"$tree/Kbuild"
ok "the refusing module is built" module refuses
ok "a changed header is compiled in" grep -q "no hardware here" "$scratch/refuses.ko"

rm "$tree/include/tollgate/says.h"
module broken 2>"$scratch/err"
is "a deleted header breaks the build: exit 1" $? 1
ok "the compiler's words name the tree's file" grep -q '^mod/main.c:.*says.h' "$scratch/err"
ok "the last line names the log" test -s "$(sed -n 's/.*does not build.*whole log: //p' "$scratch/err")"
ok "no module comes of it" test ! -e "$scratch/broken.ko"
refuses "a folder without headers" 2 "does not hold the headers" "$tree/vm/module.sh" "$tree" "$scratch/x.ko"
refuses "a folder that is not there" 2 "no folder" "$tree/vm/module.sh" /nowhere/build "$scratch/x.ko"

### vm/host-run.sh, in a guest

# As long as before, so that nothing in the file moves.
LC_ALL=C sed 's/vermagic=[0-9]/vermagic=0/' "$scratch/good.ko" >"$scratch/other.ko"

cat >"$scratch/harness" <<'EOF'
#!/bin/sh
echo "harness: $*"
cat /sys/kernel/debug/tollgate/one || exit 99
case $1$4 in
runslow) sleep 1000 & exec sleep 1000 ;;
runbusy) sh -c 'sleep 2' 3</sys/kernel/debug/tollgate/one & ;;
esac
exit "${RC:-0}"
EOF
chmod +x "$scratch/harness"

cat >"$scratch/job" <<'EOF'
run() # NAME WANTED-CODE WANTED-TEXT WORDS...
{
	name=$1 wanted=$2 text=$3
	shift 3
	"$@" >/tmp/said 2>&1
	code=$?
	loaded=$(grep -c '^tollgate ' /proc/modules)
	if [ "$code" = "$wanted" ] && grep -q "$text" /tmp/said && [ "$loaded" = "${left:-0}" ]; then
		echo "ok $name" >>/out/results
	else
		echo "not ok $name: exit $code, loaded $loaded, said $(tr '\n' '|' </tmp/said)" >>/out/results
	fi
}
chmod 0755 /harness
run "passes words on" 0 'harness: run --lane host a b$' sh /host-run.sh /good.ko /harness a b
export RC=42
run "returns the harness's code" 42 '^1$' sh /host-run.sh /good.ko /harness a b
export RC=0
umount /sys/kernel/debug
run "mounts debugfs" 0 '^1$' sh /host-run.sh /good.ko /harness a b
mounts()
{
	echo "debugfs mounts: $(grep -c ' /sys/kernel/debug ' /proc/mounts)"
}
run "and unmounts what it mounted" 0 ': 0$' mounts
mount -t debugfs debugfs /sys/kernel/debug
run "leaves alone what it did not mount" 0 '^1$' sh /host-run.sh /good.ko /harness a b
run "that is still there" 0 ': 1$' mounts
run "names the kernel of a module for another" 2 "built for kernel 0.*this one is $(uname -r)" sh /host-run.sh /other.ko /harness
run "no module" 2 'cannot read the module /none.ko' sh /host-run.sh /none.ko /harness
run "no harness" 2 'cannot run the harness /none' sh /host-run.sh /good.ko /none
run "too few words" 2 usage sh /host-run.sh /good.ko
run "a module that refuses, with the kernel's words" 3 'does not load.*no hardware here' sh /host-run.sh /refuses.ko /harness
mkdir -p /etc
printf 'root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n' >/etc/passwd
run "not root" 4 'run it as root' su user -c 'sh /host-run.sh /good.ko /harness'
insmod /good.ko
left=1
run "already loaded" 4 'loaded already; remove it first: rmmod tollgate' sh /host-run.sh /good.ko /harness
left=0
rmmod tollgate
run "waits for a process that still holds the module" 0 '^1$' sh /host-run.sh /good.ko /harness busy
mount -t tmpfs tmpfs /sys/kernel/security 2>/dev/null
echo 'none [integrity] confidentiality' >/sys/kernel/security/lockdown
run "lockdown" 4 'kernel lockdown' sh /host-run.sh /good.ko /harness
umount /sys/kernel/security
signal()
{
	sh /host-run.sh /good.ko /harness slow &
	pid=$!
	until grep -q '^tollgate ' /proc/modules; do sleep 0.1; done
	sleep 0.5
	kill "-$1" $pid
	wait $pid
}
for signal in TERM HUP; do
	run "SIG$signal unloads" 130 'harness: run' signal $signal
done
echo 1 >/proc/sys/kernel/modules_disabled
run "loading is switched off" 4 'modules_disabled=1 refuses all modules' sh /host-run.sh /good.ko /harness
EOF

vm/boot.sh --image "$image" --job "$scratch/job" --out "$scratch/guest" --no-icount --timeout 60 \
	--file "$scratch/good.ko" --file "$scratch/refuses.ko" --file "$scratch/other.ko" \
	--file "$scratch/harness"
is "the guest was sound" $? 0
while IFS= read -r line; do
	case $line in
	"ok "*) pass "host-run: ${line#ok }" ;;
	*) not_ok "host-run: ${line#not ok }" ;;
	esac
done <"$scratch/guest/results"
is "every check in the guest was made" "$(wc -l <"$scratch/guest/results")" \
	"$(($(grep -c '^[[:space:]]*run "' "$scratch/job") + 1))"

done_testing
