# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of real Domino servers: what public sources could not tell, read without changing anything, anonymised.

`words` knows what is product text. `anonymise` lets nothing else through. `host`, `listener` and `directory` make parts
of a recording out of what was read; `questions` says what each part answers; `archive` puts parts together.
"""
