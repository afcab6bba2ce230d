#include "service/config/setting.h"

#include <algorithm>
#include <concepts>
#include <numeric>
#include <utility>

#include "service/config/value_text.h"

namespace flowbroker::config {
namespace {

/// What the type of a setting allows beyond its syntax: numbers and times lie in its range.
template <typename Value>
Expected<void> CheckRange(const Setting& setting, std::string_view text, const Value& value) {
  if constexpr (std::same_as<Value, int> || std::same_as<Value, std::size_t> || std::same_as<Value, Duration>) {
    Value bound{};
    const bool below = ParseValue(setting.least, bound) && value < bound;
    const bool above = ParseValue(setting.most, bound) && value > bound;
    if (below || above) {
      return Unexpected(
          {FailureReason::kInvalidArgument, "\"" + std::string(text) + "\" is out of range; " + setting.Range()});
    }
  }
  return {};
}

/// Levenshtein's distance: how many letters are to be added, removed or replaced.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

Expected<void> Setting::Apply(std::string_view text, ServiceConfig& config) const {
  return std::visit(
      [&](auto in) -> Expected<void> {
        auto value = in(config);
        if (auto parsed = ParseValue(text, value); !parsed) return parsed;
        if (auto allowed = CheckRange(*this, text, value); !allowed) return allowed;
        in(config) = std::move(value);
        return {};
      },
      place);
}

std::string Setting::Show(const ServiceConfig& config) const {
  // A place gives a reference for writing too; nothing is written here.
  return std::visit([&](auto in) { return ValueText(in(const_cast<ServiceConfig&>(config))); }, place);
}

std::string Setting::Range() const {
  if (!least.empty() && !most.empty()) return "from " + std::string(least) + " to " + std::string(most);
  if (!least.empty()) return "at least " + std::string(least);
  if (!most.empty()) return "at most " + std::string(most);
  return "";
}

const Setting* FindSetting(std::string_view name) {
  const auto settings = Settings();
  const auto found = std::find_if(settings.begin(), settings.end(), [&](const Setting& s) { return s.name == name; });
  return found == settings.end() ? nullptr : &*found;
}

std::string SuggestSetting(std::string_view name) {
  constexpr std::size_t kLongestName = 64;  // what is longer is no misspelt setting
  const auto settings = Settings();
  const std::string_view start = name.substr(0, kLongestName);
  const auto nearest = std::min_element(settings.begin(), settings.end(), [&](const Setting& a, const Setting& b) {
    return Distance(start, a.name) < Distance(start, b.name);
  });
  if (Distance(start, nearest->name) > std::max<std::size_t>(2, nearest->name.size() / 3)) {
    return "flowbrokerd --help lists all settings";
  }
  return "did you mean \"" + std::string(nearest->name) + "\"?";
}

}  // namespace flowbroker::config
