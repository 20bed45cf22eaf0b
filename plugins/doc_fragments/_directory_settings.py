# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The friendly settings of the documents of a Domino Directory. Written by make_catalogue.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment C(opendomino.mail._directory_settings)."""

    DOCUMENTATION = r"""
options: {}
notes:
  - >-
    Settings are listed for each form, with the item, the values where they are not free, and how well the name of
    the item is known in public. V(documented) is named by HCL or IBM; V(likely) and V(unconfirmed) names are confirmed
    by the design check on your own server.
  - >-
    Settings for V(Server). V(server_name) (C(ServerName); documented); V(domain_name) (C(Domain); likely);
    V(fully_qualified_host_name) (C(SMTPFullHostDomain); documented); V(internet_sites) (C(LdISite); V(enabled);
    documented); V(smtp_listener_task) (C(SMTPListenerEnabled); V(enabled), V(disabled); documented);
    V(inbound_tcp_port_number) (C(SMTP_Port); likely); V(inbound_tcp_port_status) (C(SMTP_PortStatus); V(enabled),
    V(disabled); documented; the stored values are likely); V(inbound_enforce_server_access) (C(SMTP_EnforceAccess);
    V(enabled), V(disabled); likely); V(inbound_tcp_anonymous) (C(SMTP_AllowAnonymous); V(enabled), V(disabled);
    likely); V(inbound_tcp_name_and_password) (C(SMTP_TCPNP); V(enabled), V(disabled); unconfirmed);
    V(inbound_tls_port_number) (C(SMTP_SSLPort); unconfirmed); V(inbound_tls_port_status) (C(SMTP_SSLStatus);
    V(enabled), V(disabled); documented; the stored values are likely); V(inbound_tls_anonymous)
    (C(SMTP_SSLAnonymous); V(enabled), V(disabled); likely); V(inbound_tls_name_and_password) (C(SMTP_SSLNP);
    V(enabled), V(disabled); unconfirmed); V(outbound_tcp_port_number) (C(Router_Port); unconfirmed);
    V(outbound_tcp_port_status) (C(Router_PortStatus); V(disabled), V(enabled), V(negotiated_tls); documented);
    V(outbound_tls_port_number) (C(Router_SSLPort); unconfirmed); V(outbound_tls_port_status) (C(Router_SSLStatus);
    V(enabled), V(disabled); documented; the stored values are likely); V(tls_ciphers) (C(SSLCipherList);
    documented); V(tls_ciphers_supported) (C(SSLCipherSupportedList); documented); V(administrators)
    (C(Administrator); documented); V(full_access_administrators) (C(FullAdmin); documented);
    V(full_remote_console_administrators) (C(RemoteAdmin); documented); V(view_only_administrators) (C(VOAdmin);
    documented); V(database_administrators) (C(DBAdmin); documented); V(system_administrators) (C(SysAdmin);
    documented); V(access_server) (C(AllowAccess); documented); V(not_access_server) (C(DenyAccess); documented);
    V(create_databases) (C(CreateAccess); documented); V(create_replicas) (C(ReplicaAccess); documented);
    V(run_unrestricted_methods) (C(UnrestrictedList); documented); V(run_restricted_agents) (C(RestrictedList);
    documented); V(run_simple_agents) (C(PrivateList); documented); V(sign_agents_on_behalf_of_someone)
    (C(OnBehalfOfLst); documented); V(sign_agents_on_behalf_of_invoker) (C(OnBehalfOfInvokerLst); documented);
    V(sign_script_libraries) (C(LibsLst); documented); V(passthru_access) (C(PTAccess); documented);
    V(major_version) (C(MajVer); documented); V(server_build_number) (C(ServerBuildNumber); documented);
    V(server_title) (C(ServerTitle); unconfirmed); V(cluster_name) (C(ClusterName); unconfirmed); V(server_platform)
    (C(ServerPlatform); unconfirmed); V(notes_ports) (C(Ports); unconfirmed); V(notes_network) (C(Network);
    unconfirmed); V(net_addresses) (C(NetAddresses); unconfirmed); V(local_administrators) (C(LocalAdmin);
    unconfirmed).
  - >-
    Settings for V(SMTPInboundSite). V(site_name) (C(ISiteName); documented); V(organization) (C(ISiteOrg);
    documented); V(addresses) (C(ISiteAdrs); documented); V(hosting_servers) (C(WSHostingSrvrs); V(all_servers);
    documented); V(tcp_anonymous) (C(TCPAnonymous); V(enabled), V(disabled); documented); V(tcp_name_and_password)
    (C(TCPNameAndPwd); V(enabled), V(disabled); documented); V(tls_anonymous) (C(SSLAnonymous); V(enabled),
    V(disabled); documented); V(tls_name_and_password) (C(SSLNameAndPwd); V(enabled), V(disabled); documented);
    V(tls_key_file) (C(SSLKeyFile); documented); V(tls_ciphers) (C(SSLCipherList); documented).
  - >-
    Settings for V(ServerConfig). V(use_as_default) (C(UseAsDefault); V(enabled); documented); V(server_name)
    (C(ServerName); V(all_servers); documented); V(number_of_mailboxes) (C(Mail_number_Of_MailBoxes); likely);
    V(external_smtp) (C(MailExternalSMTP); V(enabled), V(disabled); documented); V(internal_smtp)
    (C(MailInternalSMTP); V(mime_messages_only), V(disabled), V(all_messages); documented); V(inbound_starttls)
    (C(SMTP_NegotiatedSSL); V(enabled), V(disabled); documented; the stored values are likely).
  - >-
    Settings for V(Domain). V(domain_type) (C(DomainType); V(global_domain); documented); V(global_domain_name)
    (C(DomainName); documented); V(global_domain_role) (C(GlobalDomainTasks); V(internet_domains); documented);
    V(default_global_domain) (C(DefaultGlobalDomain); V(enabled); unconfirmed); V(members) (C(NotesDomainList);
    documented); V(alias_separator) (C(DomainSeparatorChar); unconfirmed); V(primary_internet_domain)
    (C(LocalPrimaryInternetDomain); documented); V(internet_domain_aliases) (C(LocalInternetDomainAliases);
    documented); V(internet_address_lookup) (C(SMTPAddrLookup); V(enabled), V(disabled); unconfirmed);
    V(local_part_formed_from) (C(SMTPLocalPart); V(full_name), V(common_name), V(short_name); unconfirmed);
    V(notes_domains_included) (C(SMTPNotesDomainIncluded); V(none), V(one), V(all); unconfirmed);
    V(notes_domain_position) (C(SMTPNotesDomainPos); V(left_of_at), V(right_of_at); unconfirmed);
    V(notes_domain_separator) (C(SMTPNotesDomainSepChar); unconfirmed); V(address_format) (C(SMTP822Format);
    V(address_only), V(name_and_address); unconfirmed); V(domain_suffixes) (C(SMTPDomainSuffixes); unconfirmed);
    V(global_domain) (C(GlobalDomain); unconfirmed).
  - >-
    Settings for V(Person). V(first_name) (C(FirstName); documented); V(middle_name) (C(MiddleInitial); documented);
    V(last_name) (C(LastName); documented); V(personal_title) (C(Title); documented); V(generational_qualifier)
    (C(Suffix); documented); V(user_name) (C(FullName); documented); V(short_name) (C(ShortName); documented);
    V(internet_password) (C(HTTPPassword); documented); V(internet_address) (C(InternetAddress); documented);
    V(mail_system) (C(MailSystem); V(notes), V(other); documented); V(mail_domain) (C(MailDomain); documented);
    V(mail_server) (C(MailServer); documented); V(mail_file) (C(MailFile); documented); V(forwarding_address)
    (C(MailAddress); documented); V(incoming_mail_format) (C(MessageStorage); V(cd_records),
    V(cd_records_and_rfc822), V(rfc822), V(native_mime), V(native_mime_only); documented; the stored values are
    likely); V(encrypt_incoming_mail) (C(EncryptIncomingMail); documented); V(owners) (C(Owner); documented);
    V(local_administrators) (C(LocalAdmin); documented).
"""
