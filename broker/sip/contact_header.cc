#include "broker/sip/contact_header.h"

#include <algorithm>

#include "broker/sip/address_list.h"
#include "broker/sip/characters.h"

namespace flowbroker::sip {
namespace {

constexpr const char* kField = "contact";
constexpr std::uint32_t kExpiresOfMalformed = 3600;
constexpr std::uint64_t kLargestRegId = (std::uint64_t{1} << 31U) - 1;

Unexpected Wrong(std::string what) {
  return Unexpected(Failure{FailureReason::kInvalidArgument, std::move(what), kField});
}

/// `1*DIGIT`, at most UINT32_MAX.
std::optional<std::uint32_t> ReadNumber(const HeaderParameter& parameter) {
  if (parameter.quoted || parameter.value.empty() || !std::ranges::all_of(parameter.value, IsDigit))
    return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : parameter.value) {
    number = std::min<std::uint64_t>(number * 10 + static_cast<std::uint64_t>(c - '0'), UINT32_MAX);
  }
  return static_cast<std::uint32_t>(number);
}

/// `qvalue` of RFC 3261 s.25.1, in thousandths: 0 or 1, and up to three digits after a point.
std::optional<std::uint16_t> ReadQ(const HeaderParameter& parameter) {
  const std::string_view text = parameter.value;
  if (parameter.quoted || text.empty() || text.size() > 5) return std::nullopt;
  if ((text[0] != '0' && text[0] != '1') || (text.size() > 1 && text[1] != '.')) return std::nullopt;
  unsigned thousandths = text[0] == '1' ? 1000 : 0;
  unsigned weight = 100;
  for (const char c : text.substr(std::min<std::size_t>(text.size(), 2))) {
    if (!IsDigit(c)) return std::nullopt;
    thousandths += weight * static_cast<unsigned>(c - '0');
    weight /= 10;
  }
  if (thousandths > 1000) return std::nullopt;
  return static_cast<std::uint16_t>(thousandths);
}

Expected<std::uint32_t> ReadRegId(const HeaderParameter& parameter) {
  const std::optional<std::uint32_t> number = ReadNumber(parameter);
  if (!number) return Wrong("reg-id is not a number");
  if (*number == 0) return Wrong("reg-id is 0; it must be 1 to 2147483647");
  if (*number > kLargestRegId) return Wrong("reg-id is larger than 2147483647");
  return *number;
}

Expected<InstanceId> ReadInstance(const HeaderParameter& parameter) {
  const std::string_view text = parameter.value;
  if (!parameter.quoted || text.size() < 2 || text.front() != '<' || text.back() != '>') {
    return Wrong(R"(+sip.instance is not "<urn>", in quotes and angle brackets)");
  }
  Expected<InstanceId> instance = InstanceId::Parse(text.substr(1, text.size() - 2));
  if (!instance) return Wrong("+sip.instance: " + instance.error().detail);
  return instance;
}

Expected<std::uint16_t> ReadPreference(const HeaderParameter& parameter) {
  const std::optional<std::uint16_t> q = ReadQ(parameter);
  if (!q) return Wrong("q is not a number from 0 to 1 with at most three decimals");
  return *q;
}

/// Puts what was read into its place, once.
template <typename T>
Expected<void> Put(Expected<T> value, std::optional<T>& place, const char* name) {
  if (place) return Wrong(name + std::string(" stands there twice"));
  if (!value) return Unexpected(std::move(value.error()));
  place = std::move(*value);
  return {};
}

Expected<void> Take(const HeaderParameter& parameter, ContactHeader& contact) {
  if (EqualsIgnoringCase(parameter.name, "expires")) {
    return Put<std::uint32_t>(ReadNumber(parameter).value_or(kExpiresOfMalformed), contact.expires, "expires");
  }
  if (EqualsIgnoringCase(parameter.name, "q")) return Put(ReadPreference(parameter), contact.q, "q");
  if (EqualsIgnoringCase(parameter.name, "reg-id")) return Put(ReadRegId(parameter), contact.reg_id, "reg-id");
  if (EqualsIgnoringCase(parameter.name, "+sip.instance")) {
    return Put(ReadInstance(parameter), contact.instance, "+sip.instance");
  }
  contact.other_parameters += ';';
  contact.other_parameters += parameter.text;
  return {};
}

Expected<ContactHeader> ReadContact(const ListedAddress& address) {
  ContactHeader contact;
  contact.uri = address.uri;
  contact.display_name = address.display_name;
  HeaderParameters parameters(address.parameters, kField);
  while (true) {
    const Expected<std::optional<HeaderParameter>> parameter = parameters.Next();
    if (!parameter) return Unexpected(parameter.error());
    if (!*parameter) return contact;
    if (Expected<void> taken = Take(**parameter, contact); !taken) return Unexpected(std::move(taken.error()));
  }
}

bool IsPlainStar(const ListedAddress& address) {
  return !address.bracketed && address.parameters.empty();
}

}  // namespace

Expected<std::vector<ContactHeader>> ReadContacts(std::string_view value) {
  const Expected<std::string> text = Unfold(value, kMaxContactOctets, kField);
  if (!text) return Unexpected(text.error());
  std::vector<ContactHeader> contacts;
  AddressList list(*text, kField);
  do {
    if (contacts.size() == kMaxContacts) return Wrong("more than " + std::to_string(kMaxContacts) + " contacts");
    const Expected<ListedAddress> address = list.Next();
    if (!address) return Unexpected(address.error());
    Expected<ContactHeader> contact = ReadContact(*address);
    if (!contact) return Unexpected(std::move(contact.error()));
    contacts.push_back(std::move(*contact));
    const bool alone = contacts.size() == 1 && list.AtEnd() && IsPlainStar(*address);
    if (address->uri == "*" && !alone) return Wrong("'*' beside something else");
  } while (!list.AtEnd());
  return contacts;
}

}  // namespace flowbroker::sip
