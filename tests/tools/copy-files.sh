#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026, opendomino.mail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Copies the project's files into a directory, and nothing that was built or set up: copy-files.sh TARGET [PATHSPEC...]
set -euo pipefail
target=$(realpath -m "$1")
shift
mkdir -p "$target"
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
git ls-files -z --cached --others --exclude-standard -- "$@" |
  while IFS= read -r -d '' file; do
    [ ! -e "$file" ] || cp --parents -P -p "$file" "$target" # one that is removed and not committed yet is not there
  done
