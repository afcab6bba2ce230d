#include "service/config/setting.h"

#include <algorithm>

#include "service/config/value_text.h"

namespace flowbroker::config {

Expected<void> Setting::Apply(std::string_view text, ServiceConfig& config) const {
  auto applied = std::visit([&](auto in) { return ParseValue(text, in(config)); }, place);
  if (applied) return {};
  return Unexpected({applied.error().reason, std::string(name) + ": " + applied.error().detail});
}

std::string Setting::Show(ServiceConfig& config) const {
  return std::visit([&](auto in) { return ValueText(in(config)); }, place);
}

const Setting* FindSetting(std::string_view name) {
  const auto settings = Settings();
  const auto found = std::find_if(settings.begin(), settings.end(), [&](const Setting& s) { return s.name == name; });
  return found == settings.end() ? nullptr : &*found;
}

}  // namespace flowbroker::config
