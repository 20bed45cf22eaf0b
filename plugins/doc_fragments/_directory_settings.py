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
    Settings are listed for each form, with the item, its type, the values where they are not free, the default where
    it is known, and how well the name of the item is known in public. V(documented) is named by HCL or IBM; V(likely)
    and V(unconfirmed) names are confirmed by the design check on your own server. Labels and sources are on the page
    C(item_catalogue) of the collection's documentation.
  - >-
    Settings for V(Server). V(server_name) (C(ServerName); names; documented); V(domain_name) (C(Domain); text;
    likely); V(fully_qualified_host_name) (C(SMTPFullHostDomain); text (host name); documented); V(internet_sites)
    (C(LdISite); text; V(enabled); documented); V(smtp_listener_task) (C(SMTPListenerEnabled); text; V(enabled),
    V(disabled); documented); V(inbound_tcp_port_number) (C(SMTP_Port); number (port); default V(25); likely);
    V(inbound_tcp_port_status) (C(SMTP_PortStatus); text; V(enabled), V(disabled); documented; the stored values are
    likely); V(inbound_enforce_server_access) (C(SMTP_EnforceAccess); text; V(enabled), V(disabled); likely);
    V(inbound_tcp_anonymous) (C(SMTP_AllowAnonymous); text; V(enabled), V(disabled); likely);
    V(inbound_tcp_name_and_password) (C(SMTP_TCPNP); text; V(enabled), V(disabled); unconfirmed);
    V(inbound_tls_port_number) (C(SMTP_SSLPort); number (port); default V(465); unconfirmed);
    V(inbound_tls_port_status) (C(SMTP_SSLStatus); text; V(enabled), V(disabled); documented; the stored values are
    likely); V(inbound_tls_anonymous) (C(SMTP_SSLAnonymous); text; V(enabled), V(disabled); likely);
    V(inbound_tls_name_and_password) (C(SMTP_SSLNP); text; V(enabled), V(disabled); unconfirmed);
    V(outbound_tcp_port_number) (C(Router_Port); number (port); default V(25); unconfirmed);
    V(outbound_tcp_port_status) (C(Router_PortStatus); text; V(disabled), V(enabled), V(negotiated_tls);
    documented); V(outbound_tls_port_number) (C(Router_SSLPort); number (port); default V(465); unconfirmed);
    V(outbound_tls_port_status) (C(Router_SSLStatus); text; V(enabled), V(disabled); documented; the stored values
    are likely); V(tls_ciphers) (C(SSLCipherList); text list; documented); V(tls_ciphers_supported)
    (C(SSLCipherSupportedList); text list; documented); V(administrators) (C(Administrator); names; documented);
    V(full_access_administrators) (C(FullAdmin); names; documented); V(full_remote_console_administrators)
    (C(RemoteAdmin); names; documented); V(view_only_administrators) (C(VOAdmin); names; documented);
    V(database_administrators) (C(DBAdmin); names; documented); V(system_administrators) (C(SysAdmin); names;
    documented); V(access_server) (C(AllowAccess); names; documented); V(not_access_server) (C(DenyAccess); names;
    documented); V(create_databases) (C(CreateAccess); names; documented); V(create_replicas) (C(ReplicaAccess);
    names; documented); V(run_unrestricted_methods) (C(UnrestrictedList); names; documented);
    V(run_restricted_agents) (C(RestrictedList); names; documented); V(run_simple_agents) (C(PrivateList); names;
    documented); V(sign_agents_on_behalf_of_someone) (C(OnBehalfOfLst); names; documented);
    V(sign_agents_on_behalf_of_invoker) (C(OnBehalfOfInvokerLst); names; documented); V(sign_script_libraries)
    (C(LibsLst); names; documented); V(passthru_access) (C(PTAccess); names; documented); V(major_version)
    (C(MajVer); number (whole); documented); V(server_build_number) (C(ServerBuildNumber); text; documented);
    V(server_title) (C(ServerTitle); text; unconfirmed); V(cluster_name) (C(ClusterName); text; unconfirmed);
    V(server_platform) (C(ServerPlatform); text; unconfirmed); V(notes_ports) (C(Ports); text list; unconfirmed);
    V(notes_network) (C(Network); text list; unconfirmed); V(net_addresses) (C(NetAddresses); text list;
    unconfirmed); V(local_administrators) (C(LocalAdmin); names; unconfirmed). Settings whose item is not publicly
    known: V(routing_tasks).
  - >-
    Settings for V(SMTPInboundSite). V(site_name) (C(ISiteName); text; documented); V(organization) (C(ISiteOrg);
    text; documented); V(addresses) (C(ISiteAdrs); text list (host); documented); V(hosting_servers)
    (C(WSHostingSrvrs); names; V(all_servers); documented); V(tcp_anonymous) (C(TCPAnonymous); text; V(enabled),
    V(disabled); documented); V(tcp_name_and_password) (C(TCPNameAndPwd); text; V(enabled), V(disabled);
    documented); V(tls_anonymous) (C(SSLAnonymous); text; V(enabled), V(disabled); documented);
    V(tls_name_and_password) (C(SSLNameAndPwd); text; V(enabled), V(disabled); documented); V(tls_key_file)
    (C(SSLKeyFile); text; documented); V(tls_ciphers) (C(SSLCipherList); text list; documented).
  - >-
    Settings for V(ServerConfig). V(use_as_default) (C(UseAsDefault); text; V(enabled); documented); V(server_name)
    (C(ServerName); names; V(all_servers); documented); V(number_of_mailboxes) (C(Mail_number_Of_MailBoxes); number
    (positive); default V(1); likely); V(external_smtp) (C(MailExternalSMTP); text; V(enabled), V(disabled); default
    V(disabled); documented); V(internal_smtp) (C(MailInternalSMTP); text; V(mime_messages_only), V(disabled),
    V(all_messages); default V(disabled); documented); V(inbound_starttls) (C(SMTP_NegotiatedSSL); text; V(enabled),
    V(disabled); documented; the stored values are likely). Settings whose item is not publicly known:
    V(servers_reachable_via_smtp), V(address_lookup), V(exhaustive_lookup), V(relay_host), V(relay_authentication),
    V(relay_user_name), V(relay_password), V(smart_host), V(smart_host_for_all_recipients), V(host_name_lookup),
    V(allow_mail_only_from_domains), V(deny_mail_from_domains), V(allow_mail_only_from_organizations),
    V(deny_mail_from_organizations), V(maximum_message_size), V(low_priority_size_range), V(over_quota_enforcement),
    V(relay_allow_destination_domains), V(relay_deny_destination_domains), V(relay_allow_source_hosts),
    V(relay_deny_source_hosts), V(relay_enforcement), V(relay_excluded_hosts), V(relay_authenticated_users),
    V(private_blacklist_filter), V(private_blacklist_hosts), V(private_blacklist_action),
    V(private_blacklist_error_response), V(private_whitelist_filter), V(private_whitelist_hosts),
    V(private_whitelist_action), V(dns_whitelist_filters), V(dns_whitelist_sites), V(dns_whitelist_action),
    V(dns_blacklist_filters), V(dns_blacklist_sites), V(dns_blacklist_action), V(dns_blacklist_error_response),
    V(verify_connecting_host_name), V(allow_connections), V(deny_connections), V(error_limit),
    V(verify_sender_domain), V(allow_senders), V(deny_senders), V(verify_local_recipients),
    V(reject_ambiguous_names), V(deny_mail_to_groups), V(allow_recipients), V(deny_recipients),
    V(dkim_verification), V(spf_check), V(spf_fail_action), V(spf_excluded_hosts), V(external_email_notifications),
    V(outbound_allow_internet_senders), V(outbound_deny_internet_senders), V(outbound_allow_notes_senders),
    V(outbound_deny_notes_senders), V(outbound_allow_recipients), V(outbound_deny_recipients), V(junk_folder),
    V(maximum_transfer_threads), V(maximum_concurrent_transfer_threads), V(maximum_hop_count),
    V(low_priority_time_range), V(initial_transfer_retry_interval), V(expired_message_purge_interval),
    V(inbound_size), V(inbound_pipelining), V(inbound_dsn), V(inbound_8bit_mime), V(inbound_help), V(inbound_vrfy),
    V(inbound_expn), V(inbound_etrn), V(outbound_size), V(outbound_pipelining), V(outbound_dsn),
    V(outbound_8bit_mime), V(logging_level), V(internet_address_lookup), V(attachment_encoding), V(message_content),
    V(phrase_handling), V(message_disclaimers), V(message_tracking), V(notes_ini_settings).
  - >-
    Settings for V(Domain). V(domain_type) (C(DomainType); text; V(global_domain); default V(global_domain);
    documented); V(global_domain_name) (C(DomainName); text; documented); V(global_domain_role)
    (C(GlobalDomainTasks); text; V(internet_domains); documented); V(default_global_domain) (C(DefaultGlobalDomain);
    text; V(enabled); unconfirmed); V(members) (C(NotesDomainList); text list; documented); V(alias_separator)
    (C(DomainSeparatorChar); text (character); default V(=); unconfirmed); V(primary_internet_domain)
    (C(LocalPrimaryInternetDomain); text (internet domain); documented); V(internet_domain_aliases)
    (C(LocalInternetDomainAliases); text list (internet domain); documented); V(internet_address_lookup)
    (C(SMTPAddrLookup); text; V(enabled), V(disabled); unconfirmed); V(local_part_formed_from) (C(SMTPLocalPart);
    text; V(full_name), V(common_name), V(short_name); unconfirmed); V(notes_domains_included)
    (C(SMTPNotesDomainIncluded); text; V(none), V(one), V(all); unconfirmed); V(notes_domain_position)
    (C(SMTPNotesDomainPos); text; V(left_of_at), V(right_of_at); unconfirmed); V(notes_domain_separator)
    (C(SMTPNotesDomainSepChar); text (character); default V(%); unconfirmed); V(address_format) (C(SMTP822Format);
    text; V(address_only), V(name_and_address); unconfirmed); V(domain_suffixes) (C(SMTPDomainSuffixes); text list;
    unconfirmed); V(global_domain) (C(GlobalDomain); text; unconfirmed). Settings whose item is not publicly known:
    V(outbound_mail_restriction).
  - >-
    Settings for V(Person). V(first_name) (C(FirstName); text; documented); V(middle_name) (C(MiddleInitial); text;
    documented); V(last_name) (C(LastName); text; documented); V(personal_title) (C(Title); text; documented);
    V(generational_qualifier) (C(Suffix); text; documented); V(user_name) (C(FullName); text list; documented);
    V(short_name) (C(ShortName); text list; documented); V(internet_password) (C(HTTPPassword); text; documented);
    V(internet_address) (C(InternetAddress); text (internet address); documented); V(mail_system) (C(MailSystem);
    text; V(notes), V(other); documented); V(mail_domain) (C(MailDomain); text; documented); V(mail_server)
    (C(MailServer); names; documented); V(mail_file) (C(MailFile); text; documented); V(forwarding_address)
    (C(MailAddress); text; documented); V(incoming_mail_format) (C(MessageStorage); text; V(cd_records),
    V(cd_records_and_rfc822), V(rfc822), V(native_mime), V(native_mime_only); documented; the stored values are
    likely); V(encrypt_incoming_mail) (C(EncryptIncomingMail); text; documented); V(owners) (C(Owner); names;
    documented); V(local_administrators) (C(LocalAdmin); names; documented).
"""
