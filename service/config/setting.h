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

template <typename Value>
inline constexpr bool kIsVector = false;
template <typename Value>
inline constexpr bool kIsVector<std::vector<Value>> = true;

/// One thing that can be set. The same entry serves the flag (`--dns-timeout 1s`) and the YAML key (`dns-timeout: 1s`).
struct Setting {
  std::string_view name;
  std::string_view group;  ///< heading in `--help`
  std::string_view help;   ///< what it does and its unit, without range and default
  std::variant<Place<bool>, Place<int>, Place<std::size_t>, Place<Duration>, Place<std::string>, Place<LogLevel>,
               Place<flow::KeepAliveMethod>, Place<std::vector<std::string>>, Place<std::vector<Endpoint>>,
               Place<std::vector<Transport>>, Place<std::vector<location::EgressRule>>,
               Place<std::vector<flow::EdgeListener>>, Place<std::vector<std::uint32_t>>>
      place;
  std::string_view least = {};  ///< of a number or time, as an operator writes it; empty: 0
  std::string_view most = {};   ///< empty: whatever the type holds
  bool live = false;            ///< SIGHUP changes it; otherwise it takes a restart

  constexpr Setting From(std::string_view lowest, std::string_view highest = {}) const {
    Setting setting = *this;
    setting.least = lowest;
    setting.most = highest;
    return setting;
  }
  constexpr Setting Live() const {
    Setting setting = *this;
    setting.live = true;
    return setting;
  }

  /// Reads `text` into `config`, which is left alone on failure. The detail says what is wrong with the text and what
  /// is allowed; it does not name the setting.
  Expected<void> Apply(std::string_view text, ServiceConfig& config) const;

  /// What `config` holds, as text that Apply understands.
  std::string Show(const ServiceConfig& config) const;

  /// "from 1s to 10m", "at least 1", "at most 256"; empty where everything is allowed.
  std::string Range() const;

  /// Whether the flag may be repeated.
  bool is_list() const {
    return std::visit([]<typename Value>(Place<Value>) { return kIsVector<Value>; }, place);
  }
};

/// The one table of settings, in the order of `--help`.
std::span<const Setting> Settings();

/// The setting called `name`; null where there is none.
const Setting* FindSetting(std::string_view name);

/// What to tell someone who wrote `name`, which is none: "did you mean "racing"?", or where to look.
std::string SuggestSetting(std::string_view name);

}  // namespace flowbroker::config
