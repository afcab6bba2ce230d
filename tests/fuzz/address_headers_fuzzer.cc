// Contact, Path, Via and the instance-id: what an edge and a registrar read of a REGISTER.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "broker/sip/contact_header.h"
#include "broker/sip/instance_id.h"
#include "broker/sip/path_header.h"
#include "broker/sip/via_header.h"
#include "tests/fuzz/require.h"

using flowbroker::Endpoint;
using flowbroker::Expected;
using flowbroker::Failure;
using flowbroker::FailureReason;
using flowbroker::IpAddress;
using flowbroker::fuzz::Require;
using namespace flowbroker::sip;

namespace {

void CheckFailure(const Failure& failure, const char* field) {
  Require(failure.reason == FailureReason::kInvalidArgument, "failures are the sender's");
  Require(failure.field == field && !failure.detail.empty(), "failures say what is wrong and where");
}

void CheckText(std::string_view text) {
  const bool one_line = std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
  Require(one_line, "nothing that is kept ends a header line");
}

std::string ToText(const ContactHeader& contact) {
  if (contact.wildcard()) return "*";
  std::string text = contact.display_name + "<" + contact.uri + ">" + contact.other_parameters;
  if (contact.expires) text += ";expires=" + std::to_string(*contact.expires);
  if (contact.q) text += *contact.q == 1000 ? ";q=1" : ";q=0." + std::to_string(1000 + *contact.q).substr(1);
  if (contact.reg_id) text += ";reg-id=" + std::to_string(*contact.reg_id);
  if (contact.instance) text += ";+sip.instance=\"<" + contact.instance->text() + ">\"";
  return text;
}

void CheckContact(const ContactHeader& contact) {
  CheckText(contact.uri);
  CheckText(contact.display_name);
  CheckText(contact.other_parameters);
  Require(contact.reg_id.value_or(1) >= 1 && contact.reg_id.value_or(1) <= INT32_MAX, "reg-id is in its range (B5)");
  Require(contact.q.value_or(0) <= 1000, "q is in its range");
  const auto again = ReadContacts(ToText(contact));
  Require(again && again->size() == 1, "the text of a contact is a contact");
  const ContactHeader& same = again->front();
  Require(same.uri == contact.uri && same.display_name == contact.display_name && same.q == contact.q &&
              same.expires == contact.expires && same.reg_id == contact.reg_id && same.instance == contact.instance &&
              same.other_parameters == contact.other_parameters,
          "the text of a contact is that contact");
}

void CheckContacts(std::string_view text) {
  const auto contacts = ReadContacts(text);
  if (!contacts) return CheckFailure(contacts.error(), "contact");
  Require(!contacts->empty() && contacts->size() <= kMaxContacts, "the number of contacts is limited");
  for (const ContactHeader& contact : *contacts) CheckContact(contact);
}

void CheckPath(std::string_view text) {
  const Expected<PathHeader> path = ReadPath(text);
  if (!path) return CheckFailure(path.error(), "path");
  Require(!path->uris.empty() && path->uris.size() <= kMaxPathUris, "the number of URIs is limited");
  std::string written;
  for (const std::string& uri : path->uris) {
    CheckText(uri);
    written += (written.empty() ? "<" : ", <") + uri + ">";
  }
  Require(ReadPath(written).value().uris == path->uris, "the text of a Path is that Path");
  const std::optional<std::string> user = path->TopUser();
  Require(!user || path->uris.front().find(*user + "@") != std::string::npos ||
              path->uris.front().find(*user + ":") != std::string::npos,
          "the user stands in the URI");
}

void CheckInstance(std::string_view text) {
  const Expected<InstanceId> id = InstanceId::Parse(text);
  if (!id) return CheckFailure(id.error(), "instance_id");
  Require(id->text().size() <= InstanceId::kMaxLength, "instance-ids are limited");
  Require(InstanceId::Parse(id->text()) == *id, "the form of an instance-id is its own");
}

void CheckVia(std::string_view text) {
  const std::optional<ViaSender> sender = ReadViaSender(ReadTopVia(text).text);
  if (!sender) return;
  Require(!sender->host.empty() && sender->port != 0 && sender->rport != 0, "a sender has a host, and 0 is no port");
  if (!sender->address) return;
  const auto transport = sender->transport.value_or(flowbroker::Transport::kUdp);
  const Endpoint same{*sender->address, sender->port.value_or(DefaultPort(transport))};
  Require(!StatesOtherAddress(*sender, same), "who sends from where he says is behind no NAT (N3)");
  const Endpoint other{IpAddress::FromIpv4({203, 0, 113, 254}), same.port};
  if (other.address.MappedOctets() == same.address.MappedOctets()) return;
  Require(StatesOtherAddress(*sender, other), "another address is told (N3)");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckContacts(text);
  CheckPath(text);
  CheckInstance(text);
  CheckVia(text);
  return 0;
}
