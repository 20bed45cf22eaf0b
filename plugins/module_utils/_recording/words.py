# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that stay in a recording: those of the product, as public sources have them. Everything else goes.

The list says nothing about what a server does. It is a sieve: a word that is not here is not seen in a recording. Words
that are names of people as well (May, Mark, Bill) are left out on purpose.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from .._console import ERROR_TEXTS
from .._directory.catalogue import ENTRIES

if TYPE_CHECKING:
    from typing import Iterator

#: notes.ini variables that the collection's reference names, and those that every server has.
VARIABLES = (
    *("ServerTasks", "ServerSetup", "KitType", "Directory", "NotesProgram", "KeyFilename", "Domain", "MailServer"),
    *("Log_MailRouting", "MailBoxDisableTXNLogging", "MailClusterFailover", "MailCompactDisabled", "MailMaxThreads"),
    *("MailTextFileForTransferDelays", "MailTimeout", "MailTimeoutMinutes", "RFC822StripUnquotedDelimiters"),
    *("RouterAllowConcurrentXFERToALL", "RouterDKIMSigning", "RouterExpansionAllowNonUniqueGroupMatch"),
    *("RouterFallbackNonTLS", "RouterINIUseMessageDisabled", "RouterLowPriorityDelayNotify"),
    *("RouterLPDelayNotifyBufferTime", "RouterMaxEffectiveSize", "RouterTranslateSpecial", "SETUPLEAVESERVERTASKS"),
    *("SMTPAllHostsExternal", "SMTPClientDebug", "SMTPDebug", "SMTPDebugIO", "SMTPDenyMailToGroups", "DEBUGROUTER"),
    *("SMTPDenyNotUniqueRcpt", "SMTPDisplayHosName", "SMTPErrorLimit", "SMTPExpandDNSBLStats", "SMTPGreeting"),
    *("SMTPListenerPort", "SMTPNoVersionInRcvdHdr", "SMTPNotesPort", "SMTPRelayAllowHostsandDomains"),
    *("SMTPRelayHostsandDomains", "SMTPSaveImportErrors", "SMTPSaveOutboundToFile", "SMTPStrict821AddressSyntax"),
    *("SMTPStrict821LineSyntax", "SMTPTimeoutMultiplier", "SMTPTranslateAddresses", "SMTPVerifyAuthenticatedSender"),
    *("SMTP_LEFT_DOT_NEVER_DOMAIN", "SMTPMTA_SPACE_REPL_CHAR", "TCP_EnableIPv6", "DNSServer", "KeepInstallDir"),
    *(f"ServerTasksAt{hour}" for hour in range(24)),
)

#: Names of server tasks, as ServerTasks has them.
TASKS = (
    *("adminp", "amgr", "calconn", "catalog", "certmgr", "collect", "collector", "compact", "design", "dircat"),
    *("event", "fixup", "http", "imap", "keymgmt", "ldap", "maintenance", "nomad", "pop3", "replica", "restapi"),
    *("rnrmgr", "router", "runjava", "sched", "smtp", "statlog", "stats", "updall", "update", "diiop", "domsearch"),
)

#: What the product says, in the words of public sources (the reference behind tests/lab/README.md): console, SMTP
#: listener, Router. In words only; what stands between them is not kept here.
_TEXTS = """
    Command has been executed on remote server. Use 'Live' console option, in future, to view response from server.
    Server started on physical node  SMTP Server: Started  HTTP Server: Started  POP3 Server: Started  REST API:
    Started
    Restart Recovery complete  Finished replication with server  Listen for connect requests on TCP Port: 25
    LDAP Server  Utility task  Control task  Router  Dispatch: Idle  Database Server  Admin Process  Agent Manager
    Executive  Event Monitor  Index  Schedule  Rooms  Resources  Calendar Connector  Statistics  Replicator  Indexer
    Directory  Cataloger  Cluster  Console  Show Tasks  Show Server  Show Configuration  Set  Tell  Load  Quit  Exit
    Perform  Background  Tasks  Transport  Available  Availability  Index  Name  Domain  Release  HCL  IBM  Lotus
    Domino
    Notes  Linux  Windows  AIX  for  Intel  Build  Number  Version  Partition  Elapsed  Time  Transactions  Last
    Minute
    Hour  Day  Days  Peak  Sessions  Count  Concurrent  Threads  Thread  Pool  Active  Port  Ports  Task
    Description
    state  enabled  disabled  not  yes  no  none  true  false  on  off  Type  Platform  Memory  Mail  Messages
    Message
    Tracking  Pending  Dead  Held  Waiting  Delivered  Transferred  Undelivered  Queue  Queues  Failover  Logging
    Transaction  Shared  Fault  Recovery  Activity  Controller  Diagnostic  Diagnostics  Enabled  Disabled  Level
    Internet  Configuration  read  from  document  documents  refresh  begin  end  listening  connected  Connection
    connections  Status  Started  Stopped  Shutdown  complete  Initializing  Initialization  Running  Idle  Utility
    ESMTP Service  ready at  Hello  pleased to meet you  Sender OK  Recipient OK  Reset state  Command requires an
    argument
    Enter message, end with "." on a line by itself  Message accepted for delivery  SMTP Service closing
    transmission
    channel  Enter one of the following commands  HELO EHLO MAIL RCPT DATA RSET NOOP QUIT HELP VRFY EXPN STARTTLS
    AUTH
    Unable to but will accept message and attempt delivery  Ready to start TLS  Relay rejected for policy reasons
    Mail from  SMTP service not available  No such user  user unknown  Connection denied based on policy reason
    This site is not enabled on the server  authentication failure using internet password  Authentication required
    Requested action aborted local error in processing  Syntax error in parameters  arguments  unrecognized  unknown
    command  implemented  bad sequence of commands  Must issue a first  Send hello first  too many errors
    recipients
    sender  recipient  mailbox  unavailable  refused  denied  required  supported  exceeded  limit  size  too long
    line
    SIZE PIPELINING DSN 8BITMIME ETRN CHUNKING SMTPUTF8 ENHANCEDSTATUSCODES BINARYMIME TLS PLAIN LOGIN CRAM MD5
    XOAUTH2
    FROM TO RET ENVID BODY NOTIFY  OK  listed in Domino Directory  not unique  Several matches found
    No route found to domain  Check  Connection  and Domain documents  DNS configuration  Maximum hop count  routing
    loop
    names.nsf  notes.ini  console.log  mail.box  log.nsf  admin4.nsf  events4.nsf  TCPIP  TCPIP6  TCP  IP  AM  PM
    GMT
    UTC  Unauthorized  Forbidden  access  database  databases  found  was  with  could  cannot  open  exist  exists
    does  Invalid  credentials  or  account  locked  UNID  schema  scope  scopes  mode  field  fields  form  forms
    value
    values  item  revision  update  deleted  OK  ERROR  valid  token  expired  missing  wrong  resource  URL  path
    request  response  Designer  Editor  Reader  Author  Manager  Depositor  NoAccess  need  you  operation
    dataSource
    design  element  elements  view  views  title  query  failed  execution  Bearer  JWT  authorization  header
"""

#: Names of people that are words of texts above or of labels too.
_PEOPLE_TEXT = """
    may mark will bill grant rose art sue pat jack rob dean guy june april august max frank page chase miles
    summer hunter drew sky gene dale cliff penny faith hope joy grace dawn eve iris ivy jade ruby pearl amber ray
"""
_PEOPLE = frozenset(_PEOPLE_TEXT.split())
_RUN = re.compile(r"[^\W_]+")
#: Parts of an identifier: RelayHostsDeny, SMTP_PortStatus, LDAPServer.
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
#: Numbers that say something about the product and nothing about a site.
NUMBERS = frozenset({"0", "1", "2", "3", "25", "465", "587", "822", "821"})


def is_product_word(word: str) -> bool:
    """Tell whether a word (no blanks, no punctuation) is one of the product's."""
    return word.casefold() in _words() or word in NUMBERS


def is_product_text(text: str) -> bool:
    """Tell whether a text consists of words of the product only."""
    return text.isascii() and all(is_product_word(word) for word in _RUN.findall(text))


def is_product_identifier(name: str) -> bool:
    """Tell whether the name of an item or variable is known, or consists of the product's words."""
    if name.casefold() in _identifiers():
        return True
    parts = _PART.findall(name)
    return bool(parts) and name.isascii() and all(part.casefold() in _words() or part in NUMBERS for part in parts)


def is_product_value(text: str) -> bool:
    """Tell whether a stored value is one of the product's codes: a small number, `*`, or a word of the product."""
    return text in ("", "*") or re.fullmatch(r"-?[0-9]{1,2}", text) is not None or is_product_text(text)


@lru_cache(maxsize=None)
def _identifiers() -> frozenset[str]:
    items = {entry["item"].casefold() for entry in ENTRIES if entry["item"]}
    return frozenset(items | {variable.casefold() for variable in VARIABLES})


@lru_cache(maxsize=None)
def _words() -> frozenset[str]:
    found = set(_identifiers()) | set(TASKS)
    for text in _all_texts():
        found |= {word.casefold() for word in _RUN.findall(text)}
    return frozenset(word for word in found if not word.isdecimal() and word not in _PEOPLE)


def _all_texts() -> Iterator[str]:
    yield _TEXTS
    for _constant, text in ERROR_TEXTS:
        yield re.sub(r"%[a-z]", " ", text)
    for entry in ENTRIES:
        yield from (entry["form"], entry["label"] or "", entry["tab"] or "", entry["setting"].replace("_", " "))
        yield from (name.replace("_", " ") for name in entry["values"])
        for name in filter(None, (entry["item"],)):
            yield " ".join(part for part in _PART.findall(name) if len(part) > 1)
