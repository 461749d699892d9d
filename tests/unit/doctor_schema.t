#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the doctor writes and its schema agree (doctor_schema.py).
cd "$(dirname -- "$0")" || exit 1
exec /usr/bin/python3 doctor_schema.py build/doctor_tool
