#include <cstddef>
#include <cstdint>
#include <string>

#include "broker/sip/stun_message.h"
#include "tests/fuzz/require.h"

using flowbroker::Expected;
using flowbroker::FailureReason;
using flowbroker::fuzz::Require;
using namespace flowbroker::sip;

namespace {

void CheckAnswers(const StunMessage& request) {
  const WrittenStun error = WriteBindingError(request.id, 420, request.unknown, request.has_fingerprint);
  const Expected<StunMessage> read = ReadStun(error.view());
  Require(read && read->error_code == 420 && read->id == request.id, "an error reads back");
  if (!request.mapped_address) return;
  const WrittenStun answer = WriteBindingAnswer(request.id, *request.mapped_address, request.has_fingerprint);
  const Expected<StunMessage> again = ReadStun(answer.view());
  Require(again && again->mapped_address == request.mapped_address, "an address reads back");
  Require(again->has_fingerprint == request.has_fingerprint, "a written FINGERPRINT is right");
}

/// What a fuzzer cannot guess: the header around its octets.
void CheckSealed(std::string_view attributes) {
  attributes = attributes.substr(0, 1000);
  std::string message(WriteBindingRequest({}, false).view());
  message += attributes.substr(0, attributes.size() - attributes.size() % 4);
  const std::size_t length = message.size() - 20;
  message[2] = static_cast<char>(length >> 8U);
  message[3] = static_cast<char>(length);
  if (const Expected<StunMessage> stun = ReadStun(message)) CheckAnswers(*stun);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const std::optional<std::size_t> length = StunLength(octets);
  Require(!length || (*length >= 20 && *length <= kMaxStunOctets), "lengths are limited");
  const Expected<StunMessage> stun = ReadStun(octets);
  if (stun) {
    Require(length == size && IsStun(octets[0]), "whole messages are read only");
    Require(!stun->error_code || (*stun->error_code >= 300 && *stun->error_code < 700),
            "error codes are in their range");
    Require(!stun->mapped_address || stun->mapped_address->port != 0, "0 is no port");
    CheckAnswers(*stun);
  } else {
    Require(stun.error().reason == FailureReason::kMalformedMessage && !stun.error().detail.empty(),
            "failures say what");
  }
  CheckSealed(octets);
  return 0;
}
