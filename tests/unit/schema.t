#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Loader and schema give the same verdict (test_schema.py).
cd "$(dirname -- "$0")" || exit 1
exec /usr/bin/python3 test_schema.py build/report_tool
