#include "service/config/config_change.h"

#include "service/config/setting.h"

namespace flowbroker::config {

ConfigChange TakeLiveSettings(const ServiceConfig& next, ServiceConfig& running) {
  ConfigChange change;
  for (const Setting& setting : Settings()) {
    const std::string value = setting.Show(next);
    if (value == setting.Show(running)) continue;
    if (setting.live && setting.Apply(value, running)) {
      change.changed.push_back(setting.name);
    } else {
      change.needs_restart.push_back(setting.name);
    }
  }
  return change;
}

}  // namespace flowbroker::config
