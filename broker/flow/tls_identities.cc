#include "broker/flow/tls_identities.h"

#include <algorithm>
#include <cctype>

namespace flowbroker::flow {

std::string CanonicalDomain(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string domain(name);
  std::transform(domain.begin(), domain.end(), domain.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return domain;
}

bool Matches(const TlsIdentities& identities, std::string_view wanted) {
  if (const auto address = IpAddress::Parse(wanted)) {
    return std::find(identities.addresses.begin(), identities.addresses.end(), *address) != identities.addresses.end();
  }
  const std::string domain = CanonicalDomain(wanted);
  if (domain.empty() || domain.find('*') != std::string::npos) return false;
  return std::find(identities.domains.begin(), identities.domains.end(), domain) != identities.domains.end();
}

std::string TlsIdentities::ToString() const {
  std::string text;
  const auto add = [&text](std::string_view name) { text.append(text.empty() ? "" : ", ").append(name); };
  for (const std::string& domain : domains) add(domain);
  for (const IpAddress& address : addresses) add(address.ToString());
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return std::isprint(c) == 0; }, '?');
  return text.empty() ? "no identity" : text;
}

}  // namespace flowbroker::flow
