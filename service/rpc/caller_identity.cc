#include "service/rpc/caller_identity.h"

#include <algorithm>

namespace flowbroker::rpc {
namespace {

constexpr std::string_view kSpiffe = "spiffe://";

bool IsLower(char c) {
  return c >= 'a' && c <= 'z';
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

char ToLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), ToLower);
  return lower;
}

bool IsOfTrustDomain(char c) {
  return IsLower(c) || IsDigit(c) || c == '.' || c == '-' || c == '_';
}

bool IsOfPath(char c) {
  return IsOfTrustDomain(ToLower(c));
}

/// Without the slash in front.
bool IsPathSegment(std::string_view segment) {
  return !segment.empty() && segment != "." && segment != ".." && std::all_of(segment.begin(), segment.end(), IsOfPath);
}

bool IsPath(std::string_view path) {
  while (!path.empty()) {
    if (path.front() != '/') return false;
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    if (!IsPathSegment(segment)) return false;
    path.remove_prefix(segment.size());
  }
  return true;
}

/// Any case: what only looks like a SPIFFE id must not be passed over.
bool ClaimsSpiffe(std::string_view uri) {
  return Lower(uri.substr(0, kSpiffe.size())) == kSpiffe;
}

/// Letters, digits, hyphens and underscores in labels of at most 63 octets.
bool IsDnsName(std::string_view name) {
  if (name.empty() || name.size() > kMaxDnsName) return false;
  std::size_t label = 0;
  for (const char c : name) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
    } else if (!IsLower(c) && !IsDigit(c) && c != '-' && c != '_') {
      return false;
    } else if (++label > 63) {
      return false;
    }
  }
  return label > 0;
}

Unexpected Refused(const char* what) {
  return Unexpected({FailureReason::kForbidden, what});
}

}  // namespace

bool IsSpiffeId(std::string_view text) {
  if (text.size() > kMaxSpiffeId || !text.starts_with(kSpiffe)) return false;
  text.remove_prefix(kSpiffe.size());
  const std::string_view domain = text.substr(0, text.find('/'));
  if (domain.empty() || domain.size() > kMaxTrustDomain) return false;
  const std::string_view path = text.substr(domain.size());
  return std::all_of(domain.begin(), domain.end(), IsOfTrustDomain) && !path.empty() && IsPath(path);
}

Expected<std::string> IdentityOf(std::span<const std::string_view> uris, std::span<const std::string_view> dns_names) {
  if (std::any_of(uris.begin(), uris.end(), ClaimsSpiffe)) {
    if (uris.size() > 1) return Refused("the certificate has a SPIFFE id and another URI: issue one with a single URI");
    if (IsSpiffeId(uris.front())) return std::string(uris.front());
    return Refused("the URI in the certificate is not a valid SPIFFE id: issue one with spiffe://trust-domain/path");
  }
  if (dns_names.empty()) {
    return Refused(
        "the certificate names nobody: issue one with a SPIFFE id or a DNS name among its subject alternative names; "
        "the common name is not looked at");
  }
  std::string name = Lower(dns_names.front());
  if (IsDnsName(name)) return name;
  return Refused("the first DNS name in the certificate is not the name of one host: issue one without wildcards");
}

std::string WithCaseOfIdentity(std::string_view name) {
  return ClaimsSpiffe(name) ? std::string(name) : Lower(name);
}

}  // namespace flowbroker::rpc
