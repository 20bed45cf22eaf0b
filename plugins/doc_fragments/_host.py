# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that work on the host of a Domino server."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragments C(opendomino.mail._host) and its parts."""

    DOCUMENTATION = r"""
options:
  program_directory:
    description:
      - Directory that Domino is installed in; C(bin/server) in it sends console commands.
    type: path
    default: /opt/hcl/domino
"""

    # For modules that change notes.ini.
    NOTES_INI = r"""
options:
  path:
    description:
      - The C(notes.ini) itself. A symbolic link stays, and the file that it points to is changed. A link that another
        user has put into a directory for everybody (such as C(/tmp)) is refused.
      - Exactly one of O(path) and O(data_directory) must be given.
    type: path
  data_directory:
    description:
      - The server's data directory, which holds C(notes.ini).
    type: path
  running:
    description:
      - Whether the server is running. C(notes.ini) of a running server is never edited as a file, because the server
        holds the values in memory and writes the file itself. Its variables are changed with the console command C(set
        config), and read back from the file.
      - V(auto) looks. The server counts as running if C(pid.nbf) in the data directory names a process that lives and
        belongs to the owner of the directory, or if such a process named C(server), started without C(-c) and C(-jc),
        works in the data directory. With O(path), the data directory is the one that holds the file or the link to it.
      - V(yes) and V(no) say so without looking. V(no) on a running server can damage C(notes.ini).
    type: str
    choices:
      - "auto"
      - "yes"
      - "no"
    default: auto
  backup:
    description:
      - Keep a copy of C(notes.ini), with the time in its name, before it is changed.
    type: bool
    default: false
  console_timeout:
    description:
      - Seconds to wait until the file shows a variable that was changed through the console of a running server.
    type: float
    default: 30.0
notes:
  - The module must run as root or as the owner of C(notes.ini). As root it sends console commands as the owner of the
    data directory, with the data directory as working directory and with no more of the environment than C(PATH),
    C(HOME), C(USER), C(LOGNAME), and C(LANG), C(LC_ALL), C(TZ) where set.
  - C(notes.ini) is in LMBCS, and Domino minds changed line ends. So the file is treated as bytes; only lines of
    variables that change are touched, and only ASCII is written.
  - Where C(notes.ini) has several lines of one variable, the first is taken to count, and the module warns. Which of
    them the server uses is not known.
  - A line of the variable that is indented, or that ends with CR CR LF, is an error, because it is not known how Domino
    reads it.
  - C(notes.ini) is replaced by a new file. A file that is a mount of its own, immutable or append-only is an error. If
    it has other names (hard links), these keep the content before, and the module warns.
  - No console command is known that removes a variable or makes it empty. On a running server that is an error.
"""
