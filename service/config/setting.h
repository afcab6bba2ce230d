#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "broker/base/expected.h"
#include "service/config/service_config.h"

namespace flowbroker::config {

/// Where in a ServiceConfig a setting lives.
template <typename Value>
using Place = Value& (*)(ServiceConfig&);

/// One thing that can be set. The same entry serves the flag (`--dns-timeout 1s`) and the YAML key (`dns-timeout: 1s`).
struct Setting {
  std::string_view name;
  std::string_view group;  ///< heading in `--help`
  std::string_view help;   ///< what it does and its unit, without the default
  std::variant<Place<bool>, Place<int>, Place<std::size_t>, Place<Duration>, Place<std::string>, Place<LogLevel>,
               Place<std::vector<std::string>>, Place<std::vector<Endpoint>>, Place<std::vector<Transport>>,
               Place<std::vector<location::EgressRule>>>
      place;

  /// Reads `text` into `config`. On failure the detail names the setting.
  Expected<void> Apply(std::string_view text, ServiceConfig& config) const;

  /// What `config` holds, as text.
  std::string Show(ServiceConfig& config) const;

  bool is_list() const { return std::holds_alternative<Place<std::vector<std::string>>>(place); }
};

/// The one table of settings, in the order of `--help`.
std::span<const Setting> Settings();

/// The setting called `name`; null where there is none.
const Setting* FindSetting(std::string_view name);

}  // namespace flowbroker::config
