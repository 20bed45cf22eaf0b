#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026, opendomino.mail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the documentation of plugins, roles and guides into .cache/docs/html. A warning is an error: a broken reference,
# wrong markup, a page that no other leads to.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bin=$PWD/.venv/bin
work=$PWD/.cache/docs
export ANSIBLE_COLLECTIONS_PATH=$PWD/.collections

"$bin/antsibull-docs" lint-collection-docs --plugin-docs --validate-collection-refs all .
rm -rf "$work"
install -d -m 755 "$work/rst" # antsibull-docs wants it writable for its owner only
"$bin/antsibull-docs" --config-file docs/site/antsibull-docs.cfg collection --cleanup everything --fail-on-error --use-current \
  --squash-hierarchy --dest-dir "$work/rst" opendomino.mail
"$bin/sphinx-build" -W --keep-going -q -j auto -c docs/site -d "$work/doctrees" -b html "$work/rst" "$work/html"
echo "The documentation is in .cache/docs/html/index.html."
