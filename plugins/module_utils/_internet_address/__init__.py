# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internet addresses of people: making them, checking them, and what Domino makes of them in outbound mail.

`transliteration` turns names into ASCII, `pattern` names into local parts, `person` holds what is known of a document,
`rules` what the user wants, `recipients` whom Domino would find; `assign` plans, `report` checks, `conversion` previews
senders. Numbers like 6.2 in comments and messages are statements about Domino, listed in the guide to addresses.
"""
