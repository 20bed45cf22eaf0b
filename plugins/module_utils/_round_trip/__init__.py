# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send marked messages and watch for them: bounded in time, each trip with a result, arrived or not.

`trip` holds what is asked for, `mailboxes` the places where messages are watched for, `trace` what the header of a
message tells, and `travelling` puts them together.
"""
