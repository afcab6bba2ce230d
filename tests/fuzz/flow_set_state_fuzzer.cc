#include <cstddef>
#include <cstdint>
#include <string>

#include "broker/base/crc32.h"
#include "broker/outbound/flow_set_state.h"
#include "tests/fuzz/require.h"

using flowbroker::FailureReason;
using flowbroker::fuzz::Require;
using namespace flowbroker::outbound;

namespace {

std::string WithChecksum(std::string text) {
  const std::uint32_t crc = flowbroker::Crc32({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  text += "crc32 ";
  for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[crc >> shift & 0xFU];
  return text + '\n';
}

void Read(const std::string& text) {
  const auto sets = DecodeFlowSets(text);
  if (!sets) {
    Require(sets.error().reason == FailureReason::kInvalidArgument && !sets.error().detail.empty(),
            "says what is wrong");
    return;
  }
  for (const FlowSetSpec& set : *sets) Require(Check(set).has_value(), "only sets that can be kept are read");
  const auto again = DecodeFlowSets(EncodeFlowSets(*sets));
  Require(again && *again == *sets, "what is written reads as the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Read(text);
  Read(WithChecksum(text));
  return 0;
}
