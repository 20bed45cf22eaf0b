#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026, opendomino.mail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs targets of the Makefile, two at a time, in their order: all.sh TARGET...
#
# Some targets keep one core busy and others all of them, so two at a time leave none idle. What a target says is in
# .cache/test; here, it is one line. At the end stand how long each took, the last that a failed one said, and, last of
# all because a log may be cut at its start, what failed. A failure keeps nothing else from being run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export said=.cache/test
mkdir -p "$said"
rm -f "$said"/*

# shellcheck disable=SC2317 # called by xargs
run_one() {
  local target=$1 name=${1//\//-} started=$SECONDS result=passed
  echo "$target ..."
  "${MAKE:-make}" --no-print-directory "$target" >"$said/$name.log" 2>&1 </dev/null || result=FAILED
  printf '%-28s %4d s  %s\n' "$target" $((SECONDS - started)) "$result" >>"$said/times"
  printf '%s: %s after %d s: %s\n' "$target" "$result" $((SECONDS - started)) \
    "$(grep -v '^ *$' "$said/$name.log" | tail -n 1 | cut -c 1-120)"
  grep -a '^NOT RUN\|: FAILED, and once more' "$said/$name.log" || true
  if [ "$result" = FAILED ]; then echo "$name" >>"$said/failed"; fi
}
export -f run_one

# shellcheck disable=SC2317 # called by trap
stop() { if [ -n "$running" ]; then kill -- "-$running" 2>/dev/null || true; fi; }
running=''
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
set -m # a process group of their own, which can be ended
printf '%s\n' "$@" | xargs -P 2 -I '{}' bash -c 'run_one "{}"' &
running=$!
wait "$running" || echo queue >>"$said/failed" # it ended before all were run
running=''

echo
cat "$said/times"
printf '%-28s %4d s\n' "in all" "$SECONDS"
[ -e "$said/failed" ] || exit 0
while read -r name; do
  printf '\n=== the end of %s\n' "$said/$name.log"
  tail -n 60 "$said/$name.log" | cut -c 1-300 || true
done <"$said/failed"
printf '\nFailed:\n'
while read -r name; do
  echo "$name"
  grep -aE '^(FAILED|ERROR) ' "$said/$name.log" | cut -c 1-250 || true
done <"$said/failed"
exit 1
