#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the strategies of FPU switching cost on the machine of the reference report of
# lane user, as Markdown: scenarios.sh FILE, or - for standard output (make scenarios).
set -euo pipefail
cd "$(dirname -- "$0")/.."
reports=(results/reference/*/user-*/report.json)

if [[ $1 == - ]]; then
	results/scenarios.py page "${reports[0]}"
else
	results/scenarios.py page "${reports[0]}" >"$1.new"
	mv "$1.new" "$1"
fi
