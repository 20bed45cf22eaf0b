#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026, opendomino.mail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the tarball of the collection from the project's files: build.sh TARGET_DIRECTORY
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
target=$(realpath -m "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$top/tests/tools/copy-files.sh" "$work/mail"
mkdir -p "$target"
"$top/.venv/bin/ansible-galaxy" collection build "$work/mail" --output-path "$target"
