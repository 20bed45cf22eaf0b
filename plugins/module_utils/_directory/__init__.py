# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents of the Domino Directory: definitions, plans, and the ways in which documents reach a directory.

Data flows one way: definition (definition.py, with the catalogue in items.py) -> plan (plan.py) -> engine (engine.py)
-> a way (api.py is the protocol, rest.py the first one) -> report (report.py).
"""
