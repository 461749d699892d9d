# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Debian's other releases, for kernels newer than this system's: lists of our own
# below the cache, from the mirror that apt uses anyway. apt's own settings, lists
# and packages stay as they are. Sourced by fetch.sh, after lib.sh; never run.
# shellcheck disable=SC2034,SC2154 # what it shares with fetch.sh

# Codenames: mirrors serve the names that move with releases (stable, testing) older.
suites=(bookworm-backports trixie trixie-backports forky sid)
# Hours after which the lists are fetched anew.
suites_age=24

# What a build inside such a release needs beside its kernel's headers, which
# depend on their compiler.
suites_tools=(make bash dash coreutils sed mawk grep findutils perl-base binutils)

# Points apt (APT_CONFIG) at the lists, made or renewed if need be. Returns 1, with
# the reason in $lists, if there are none.
other_suites()
{
	local dir=$cache/apt mirror suite
	local key=/usr/share/keyrings/debian-archive-keyring.gpg

	mirror=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' \
		'Created-By: Packages' 2>/dev/null | sed -n 's/^Debian|Debian|//p' | sed -n 1p)
	if [[ -z $mirror ]]; then
		lists="other releases: apt knows no Debian mirror"
		return 1
	fi
	[[ -r $key ]] && key=" signed-by=$key" || key=""
	mkdir -p "$dir/lists/partial" "$dir/archives/partial" 2>/dev/null ||
		die $EXIT_IO "cannot write $dir"
	: >"$dir/status"
	for suite in "${suites[@]}"; do
		echo "deb [arch=amd64$key] $mirror $suite main"
	done >"$dir/sources.list"
	cat >"$dir/apt.conf" <<-EOF
	Dir::State "$dir";
	Dir::State::lists "$dir/lists";
	Dir::State::status "$dir/status";
	Dir::Cache "$dir";
	Dir::Etc::sourcelist "$dir/sources.list";
	Dir::Etc::sourceparts "/dev/null";
	Dir::Etc::preferences "/dev/null";
	Dir::Etc::preferencesparts "/dev/null";
	Acquire::Languages "none";
	Debug::NoLocking "true";
	EOF
	export APT_CONFIG=$dir/apt.conf
	if [[ -z $(find "$dir/stamp" -mmin "-$((suites_age * 60))" 2>/dev/null) ]]; then
		renew_suites "$dir"
	fi
	[[ -e $dir/stamp ]]
}

renew_suites() # DIR
{
	if ! may_install; then
		lists="TOLLGATE_NO_INSTALL=1 keeps apt's lists as they are"
		return
	fi
	progress "fetching the package lists of Debian's other releases"
	if apt-get "${apt_options[@]}" update >/dev/null 2>"$1/update.log"; then
		touch "$1/stamp"
		lists=fresh
	else
		lists="other releases: $(sed -n 's/^E: //p' "$1/update.log" | sed -n 1p)"
	fi
}

# The newest release of a series that has its headers there, too.
newest() # SERIES FLAVOUR -> release
{
	local series=${1//./\\.} part=$2- release common

	[[ $part != amd64- ]] || part=""
	for release in $(apt-cache search --names-only "^linux-image-$series\\.[^ -]*(-[0-9]+)?-${part}amd64\$" |
		sed -nE 's/^linux-image-([^ ]+) .*/\1/p' | sort -rV); do
		common=$(LC_ALL=C apt-cache show --no-all-versions "linux-headers-$release" 2>/dev/null |
			sed -nE 's/^Depends:.*(linux-headers-[^ ,]*-common(-rt)?).*/\1/p')
		if [[ -n $common ]] && known_package "$common"; then
			echo "$release"
			return 0
		fi
	done
	return 1
}

known_package() # NAME: one with a version
{
	[[ -n $(apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n 1p) ]]
}

# The folders that a Debian since 12 has as links; packages rely on it.
make_root() # ROOT
{
	local name

	for name in bin sbin lib lib64; do
		mkdir -p "$1/usr/$name"
		ln -s "usr/$name" "$1/$name"
	done
	mkdir -p "$1"/{dev,proc,tmp}
}
