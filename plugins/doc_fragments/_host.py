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

    # For modules that treat a running server differently from a stopped one.
    RUNNING = r"""
options:
  running:
    description:
      - Whether the server is running. C(notes.ini) of a running server is never edited as a file, because the server
        holds the values in memory and writes the file itself.
      - V(auto) checks the processes. The server is running if a process named C(server), started without C(-c) and
        C(-jc), works in the data directory; or if C(pid.nbf) there names a process that lives and has the name of the
        task beside it. Who owns the directory does not matter. Where C(notes.ini) is reached through a link, the
        directories of the link and of the file are both checked.
      - V(auto) fails where the server may be running out of sight, and says why. That is so if C(pid.nbf) names
        processes, was written since the machine was started, none of these processes is visible, and not all processes
        of the machine are visible. All are visible outside of containers, unless C(/proc) is mounted with C(hidepid);
        and in a container whose first process is C(systemd). It is also so if this user cannot read C(pid.nbf).
      - V(running) and V(stopped) are not checked. V(stopped) is right for a server that has ended in its
        container without removing C(pid.nbf); on a running server it loses changes and can damage C(notes.ini).
    type: str
    choices:
      - auto
      - running
      - stopped
    default: auto
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
  backup:
    description:
      - Keep a copy of C(notes.ini), with the time in its name, before it is changed.
    type: bool
    default: false
  console_timeout:
    description:
      - Seconds to wait until the file shows a variable that was changed through the console of a running server.
      - Also the seconds to wait until another run has ended its change of the same C(notes.ini).
    type: float
    default: 30.0
notes:
  - The variables of a running server are changed with the console command C(set config), and read back from the file.
  - The module must run as root or as the owner of C(notes.ini); for a running server, as root or as the user that the
    server runs as. As root it sends console commands as that user, with the groups of the server's process, with the
    data directory as working directory and with no more of the environment than C(PATH), C(HOME), C(USER), C(LOGNAME),
    and C(LANG), C(LC_ALL), C(TZ) where set.
  - From reading C(notes.ini) until it is changed, the module holds a lock (flock) on the directory of the file, so that
    two runs at once lose nothing. The lock ends with the run, however it ends, and holds on one machine. Where several
    machines share the directory, for example over NFS, run the module on the server's machine only.
  - C(notes.ini) is in LMBCS, and Domino minds changed line ends. So the file is treated as bytes; only lines of
    variables that change are touched, and only ASCII is written.
  - Where C(notes.ini) has several lines of one variable, the first is taken to count, and the module warns. Which of
    them the server uses is not known.
  - A line of the variable that is indented, or that ends with CR CR LF, is an error, because it is not known how Domino
    reads it.
  - C(notes.ini) is replaced by a new file. A file that is a mount of its own, immutable or append-only is an error. If
    it has other names (hard links), these keep the content before, and the module warns.
  - No console command is known that removes a variable or makes it empty, and the console drops blanks at both ends of
    a value. On a running server such a change is an error, and nothing is sent.
"""
