#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the reference reports say of every claim, as Markdown: claims.sh FILE,
# or - for standard output (make claims).
set -euo pipefail
cd "$(dirname -- "$0")/.."

page()
{
	cat <<-'END'
	# What the claims come to

	Written by `make claims` from the reports in [reference](reference/README.md) and
	the proofs of `make model` (`fpu-model.json`); the
	claims, their thresholds and what feeds each stand in `include/tollgate/claims.def`.
	`bench/tollgate claims --explain ID` tells all there is to say of one.

	END
	# proofs hold wherever they were made: they go with what was measured there
	local report reports=()
	for report in results/reference/*/*/report.json; do
		[[ $report == */user-* && -e results/fpu-model.json ]] &&
			report+=,results/fpu-model.json
		reports+=("$report")
	done
	bench/tollgate claims --markdown "${reports[@]}"
}

if [[ $1 == - ]]; then
	page
else
	page >"$1.new"
	mv "$1.new" "$1"
fi
