#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026, opendomino.mail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs targets of the Makefile in rows side by side: all.sh "TARGET..." "TARGET..."; within a row, one after the other.
#
# Some targets keep one core busy and others all of them, so a row of each leaves none idle. What a target says is shown
# when it has ended; how long each took, and what failed, at the end. A failure keeps nothing else from being run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
rows=()
stop() {
  for row in "${rows[@]}"; do kill -- "-$row" 2>/dev/null || true; done
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
touch "$work/times"

run_row() {
  local target started result
  for target in "$@"; do
    started=$SECONDS result=passed
    echo "$target ..."
    "${MAKE:-make}" --no-print-directory "$target" >"$work/$target" 2>&1 </dev/null || result=FAILED
    {
      flock 9
      printf '\n=== %s: %s after %d s\n' "$target" "$result" $((SECONDS - started))
      cat "$work/$target"
      printf '%-12s %4d s  %s\n' "$target" $((SECONDS - started)) "$result" >>"$work/times"
    } 9>"$work/lock"
  done
}

set -m # each row is a process group, which can be ended
for row in "$@"; do
  # shellcheck disable=SC2086 # a row is a list of words
  run_row $row &
  rows+=("$!")
done
wait
rows=()
printf '\n%s\n%-12s %4d s\n' "$(cat "$work/times")" "in all" "$SECONDS"
! grep -q FAILED "$work/times"
