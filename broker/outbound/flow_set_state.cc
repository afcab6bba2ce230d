#include "broker/outbound/flow_set_state.h"

#include <algorithm>
#include <optional>

#include "broker/base/crc32.h"

namespace flowbroker::outbound {
namespace {

constexpr std::string_view kTitle = "flowbroker flow sets ";
constexpr std::string_view kVersion = "1";
constexpr std::string_view kChecksum = "crc32 ";
constexpr std::size_t kChecksumLine = kChecksum.size() + 8 + 1;
static_assert(kChecksumLine < kTitle.size(), "what has a title is long enough for a checksum");

std::string Checksum(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::uint32_t crc = Crc32({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  std::string line(kChecksum);
  for (int shift = 28; shift >= 0; shift -= 4) line += kDigits[crc >> shift & 0xFU];
  return line + '\n';
}

void AppendField(std::string& text, std::string_view field, const std::string& value) {
  if (!value.empty()) text.append(field).append(" ").append(value).append("\n");
}

std::string RegIdField(std::size_t position) {
  return "reg-id " + std::to_string(position + 1);
}

/// Takes line after line, and remembers the number of the last one.
class Lines {
 public:
  explicit Lines(std::string_view text) : left_(text) {}

  /// Takes the next line if it is `field` and something behind it.
  std::optional<std::string_view> Take(std::string_view field) {
    const std::string_view line = left_.substr(0, left_.find('\n'));
    if (!line.starts_with(field) || line.size() < field.size() + 2 || line[field.size()] != ' ') return std::nullopt;
    Pass(line);
    return line.substr(field.size() + 1);
  }

  /// Takes the next line if it is empty.
  bool TakeBlank() {
    if (!left_.starts_with('\n')) return false;
    Pass({});
    return true;
  }

  bool done() const { return left_.empty(); }
  Unexpected Refuse(const std::string& what) const {
    return Unexpected({FailureReason::kInvalidArgument, "flow sets, line " + std::to_string(number_) + ": " + what});
  }

 private:
  void Pass(std::string_view line) {
    left_.remove_prefix(std::min(line.size() + 1, left_.size()));
    ++number_;
  }

  std::string_view left_;
  std::size_t number_ = 1;
};

Expected<FlowSetSpec> ReadFlowSet(Lines& lines) {
  const auto urn = lines.Take("instance");
  if (!urn) return lines.Refuse("no instance");
  auto instance = sip::InstanceId::Parse(*urn);
  if (!instance) return lines.Refuse(instance.error().detail);
  FlowSetSpec set{.instance = *std::move(instance), .uris = {}};
  set.owner.tenant = lines.Take("tenant").value_or("");
  set.owner.client_group = lines.Take("group").value_or("");
  set.name = lines.Take("name").value_or("");
  while (set.uris.size() <= kMostUris) {
    const auto uri = lines.Take(RegIdField(set.uris.size()));
    if (!uri) break;
    set.uris.emplace_back(*uri);
  }
  if (const auto checked = Check(set); !checked) return lines.Refuse(checked.error().detail);
  if (!lines.TakeBlank()) return lines.Refuse("neither the next reg-id nor a blank line");
  return set;
}

}  // namespace

std::string EncodeFlowSets(const std::vector<FlowSetSpec>& sets) {
  std::string text = std::string(kTitle).append(kVersion).append("\n\n");
  for (const FlowSetSpec& set : sets) {
    AppendField(text, "instance", set.instance.text());
    AppendField(text, "tenant", set.owner.tenant);
    AppendField(text, "group", set.owner.client_group);
    AppendField(text, "name", set.name);
    for (std::size_t n = 0; n < set.uris.size(); ++n) AppendField(text, RegIdField(n), set.uris[n]);
    text += '\n';
  }
  return text + Checksum(text);
}

Expected<std::vector<FlowSetSpec>> DecodeFlowSets(std::string_view text) {
  Lines lines(text);
  if (!text.starts_with(kTitle)) return lines.Refuse("not a file of flow sets");
  const auto version = lines.Take(kTitle.substr(0, kTitle.size() - 1));
  if (!version || *version != kVersion) return lines.Refuse("written by another version of flowbroker");
  const std::string_view content = text.substr(0, text.size() - kChecksumLine);
  if (text.substr(content.size()) != Checksum(content)) return lines.Refuse("damaged: the checksum does not match");

  Lines fields(content);
  fields.Take(kTitle.substr(0, kTitle.size() - 1));
  if (!fields.TakeBlank()) return fields.Refuse("no blank line");
  std::vector<FlowSetSpec> sets;
  while (!fields.done()) {
    auto set = ReadFlowSet(fields);
    if (!set) return Unexpected(set.error());
    sets.push_back(*std::move(set));
  }
  return sets;
}

}  // namespace flowbroker::outbound
