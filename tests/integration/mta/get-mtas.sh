#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026, opendomino.mail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Unpacks Debian's Postfix, Exim and Dovecot into .cache/mta, with the libraries that this machine lacks. The first two
# cannot be installed on one machine, and nothing is installed here: no root needed, no service started, no user made. The users that they
# insist on are made up by nss_wrapper.
# Package lists must be there; on a fresh image run `apt-get update` first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

cache=.cache/mta
work=$cache/new
rm -rf "$work"
mkdir -p "$work/debs"

missing_libraries() {
  apt-get --simulate --no-install-recommends install "$1" | sed -nE 's/^Inst (lib[^ ]+) .*/\1/p'
}

get() {
  local name=$1 package
  shift
  mapfile -t libraries < <(missing_libraries "$1")
  mkdir -p "$work/debs/$name" "$work/$name"
  (cd "$work/debs/$name" && apt-get -o APT::Sandbox::User="$(id -un)" -qq download "$@" "${libraries[@]}")
  for package in "$work/debs/$name"/*.deb; do
    dpkg-deb --extract "$package" "$work/$name"
  done
  chmod -R u-s,g-s "$work/$name" # ld.so would not look for libraries here for programs that take on a user
}

get postfix postfix libnss-wrapper
get exim exim4-daemon-light exim4-base libnss-wrapper
get dovecot dovecot-core dovecot-imapd dovecot-pop3d libnss-wrapper
rm -rf "$work/debs" "$cache/postfix" "$cache/exim" "$cache/dovecot"
mv "$work/postfix" "$work/exim" "$work/dovecot" "$cache/"
rmdir "$work"
