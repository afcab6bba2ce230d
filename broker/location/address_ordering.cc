#include "broker/location/address_ordering.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>

#include "broker/location/address_scope.h"
#include "broker/location/policy_table.h"

namespace flowbroker::location {
namespace {

constexpr int kRules = 9;  // rule 10 keeps the order as it is

// RFC 6724 s.2.2: the common prefix is counted up to the length of the source's own prefix, which is 64 wherever
// interface identifiers are used (RFC 4291 s.2.5.1).
constexpr int kInterfacePrefix = 64;

// What rules 1 to 9 of RFC 6724 s.6 see in a destination, in this order; the larger number is preferred. Comparing the
// marks one after another is applying the rules one after another.
using Marks = std::array<int, kRules>;

Marks MarksOf(const IpAddress& address, const std::optional<SourceAddress>& source) {
  const AddressPolicy policy = PolicyOf(address);
  const AddressScope scope = ScopeOf(address);
  Marks marks{};
  marks[5] = policy.precedence;         // rule 6: prefer higher precedence
  marks[7] = -static_cast<int>(scope);  // rule 8: prefer smaller scope
  if (!source) return marks;
  marks[0] = 1;                                                // rule 1: avoid unusable destinations
  marks[1] = ScopeOf(source->address) == scope;                // rule 2: prefer matching scope
  marks[2] = !source->deprecated;                              // rule 3: avoid deprecated addresses
  marks[3] = source->home;                                     // rule 4: prefer home addresses
  marks[4] = PolicyOf(source->address).label == policy.label;  // rule 5: prefer matching label
  marks[6] = !source->encapsulated;                            // rule 7: prefer native transport
  if (!address.is_ipv4()) {                                    // rule 9: use longest matching prefix
    marks[8] = std::min(CommonPrefixLength(source->address, address), kInterfacePrefix);
  }
  return marks;
}

// The best a destination of `family` could be.
Marks BestMarksOf(AddressFamily family) {
  switch (family) {
    case AddressFamily::kIpv4:
      return {1, 1, 1, 0, 1, 35, 1, -static_cast<int>(AddressScope::kLinkLocal), 0};
    case AddressFamily::kIpv6:
      return {1, 1, 1, 1, 1, 50, 1, -static_cast<int>(AddressScope::kLinkLocal), kInterfacePrefix};
  }
  __builtin_unreachable();
}

int DecidingRule(const Marks& a, const Marks& b) {
  const auto difference = std::mismatch(a.begin(), a.end(), b.begin()).first;
  return static_cast<int>(difference - a.begin()) + 1;
}

}  // namespace

std::vector<OrderedAddress> OrderDestinations(const std::vector<IpAddress>& destinations,
                                              const SourceAddressSelector& sources) {
  std::multimap<Marks, OrderedAddress, std::greater<>> marked;  // equal ones stay in order: rule 10
  for (const IpAddress& address : destinations) {
    const std::optional<SourceAddress> source = sources.SourceFor(address);
    marked.emplace(MarksOf(address, source), OrderedAddress{address, source, 0});
  }
  std::vector<OrderedAddress> ordered;
  ordered.reserve(marked.size());
  const Marks* before = nullptr;
  for (auto& [marks, destination] : marked) {
    if (before != nullptr) destination.deciding_rule = DecidingRule(*before, marks);
    before = &marks;
    ordered.push_back(destination);
  }
  return ordered;
}

bool MayPrecede(AddressFamily outstanding, const OrderedAddress& known) {
  return BestMarksOf(outstanding) > MarksOf(known.address, known.source);
}

}  // namespace flowbroker::location
