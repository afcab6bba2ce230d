#include "broker/net/tls_identity.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/sip/sip_uri.h"

namespace flowbroker::net {
namespace {

constexpr const char* kSipDomainUsage = "1.3.6.1.5.5.7.3.20";  // id-kp-sipDomain, RFC 5924 s.3.1

using GeneralNames = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;

std::string ToText(const ASN1_STRING* string) {
  const auto* data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(string));
  const int length = ASN1_STRING_length(string);
  return length > 0 ? std::string(data, static_cast<std::size_t>(length)) : std::string();
}

void AddHost(std::string_view host, TlsIdentities& identities) {
  if (const auto address = IpAddress::Parse(host)) {
    identities.addresses.push_back(*address);
  } else {
    identities.domains.push_back(flow::CanonicalDomain(host));
  }
}

void AddAddress(const ASN1_OCTET_STRING* octets, TlsIdentities& identities) {
  const std::string text = ToText(octets);
  if (text.size() == 4) {
    std::array<std::uint8_t, 4> ipv4{};
    std::copy(text.begin(), text.end(), ipv4.begin());
    identities.addresses.push_back(IpAddress::FromIpv4(ipv4));
  } else if (text.size() == 16) {
    std::array<std::uint8_t, 16> ipv6{};
    std::copy(text.begin(), text.end(), ipv6.begin());
    identities.addresses.push_back(IpAddress::FromIpv6(ipv6));
  }
}

void AddNames(const GENERAL_NAMES& names, TlsIdentities& identities) {
  std::vector<std::string> dns_names;
  bool has_sip_uri = false;
  for (int i = 0; i < sk_GENERAL_NAME_num(&names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(&names, i);
    if (name->type == GEN_URI) {
      const auto uri = sip::SipUri::Parse(ToText(name->d.uniformResourceIdentifier));
      if (!uri || uri->secure || !uri->user.empty()) continue;
      has_sip_uri = true;
      AddHost(uri->host, identities);
    } else if (name->type == GEN_DNS) {
      dns_names.push_back(ToText(name->d.dNSName));
    } else if (name->type == GEN_IPADD) {
      AddAddress(name->d.iPAddress, identities);
    }
  }
  if (has_sip_uri) return;
  for (const std::string& name : dns_names) identities.domains.push_back(flow::CanonicalDomain(name));
}

void AddCommonNames(const X509& certificate, TlsIdentities& identities) {
  const X509_NAME* subject = X509_get_subject_name(&certificate);
  for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;) {
    const std::string name = ToText(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));
    if (!IpAddress::Parse(name)) identities.domains.push_back(flow::CanonicalDomain(name));
  }
}

}  // namespace

TlsIdentities IdentitiesOf(const x509_st& certificate) {
  TlsIdentities identities;
  // -1: the extension is not there; -2: it is there twice, or it cannot be read, and then no fallback is right.
  int absent_or_broken = 0;
  const GeneralNames names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, &absent_or_broken, nullptr)),
      &GENERAL_NAMES_free);
  if (names) {
    AddNames(*names, identities);
  } else if (absent_or_broken == -1) {
    AddCommonNames(certificate, identities);
  }
  return identities;
}

bool IsForSipDomain(const x509_st& certificate) {
  using Usages = std::unique_ptr<EXTENDED_KEY_USAGE, decltype(&EXTENDED_KEY_USAGE_free)>;
  const Usages usages(
      static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(&certificate, NID_ext_key_usage, nullptr, nullptr)),
      &EXTENDED_KEY_USAGE_free);
  if (!usages) return false;
  for (int i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
    std::array<char, 64> oid{};
    OBJ_obj2txt(oid.data(), static_cast<int>(oid.size()), sk_ASN1_OBJECT_value(usages.get(), i), 1);
    if (std::string_view(oid.data()) == kSipDomainUsage) return true;
  }
  return false;
}

}  // namespace flowbroker::net
