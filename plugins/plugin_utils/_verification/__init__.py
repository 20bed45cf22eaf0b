# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the mail of one Domino host: facts in, findings out; no Ansible, no file, no socket.

`facts` reads what a run gathered, `directory_rules` and `console_rules` judge it, `translation` brings what the probe,
DNS, the round trips and the address report found into the same shape, and `verdict` puts all together.
"""
