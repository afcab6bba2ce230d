#include "service/config/config_file.h"

#include <yaml-cpp/yaml.h>

#include <fstream>
#include <optional>
#include <sstream>

#include "service/config/setting.h"

namespace flowbroker::config {
namespace {

/// Where in the file something is wrong.
struct Position {
  const std::string& file;
  YAML::Mark mark;

  Unexpected Error(const std::string& what) const {
    const std::string line = mark.is_null() ? "" : ":" + std::to_string(mark.line + 1);
    return Unexpected({FailureReason::kInvalidArgument, file + line + ": " + what});
  }
};

/// A scalar as it stands, a sequence of scalars joined with commas; nothing for anything else.
std::optional<std::string> TextOf(const YAML::Node& node) {
  if (node.IsScalar()) return node.Scalar();
  if (node.IsNull()) return std::string();
  if (!node.IsSequence()) return std::nullopt;
  std::string text;
  for (const YAML::Node& item : node) {
    if (!item.IsScalar()) return std::nullopt;
    if (!text.empty()) text += ',';
    text += item.Scalar();
  }
  return text;
}

Expected<void> ApplyEntry(const YAML::Node& key, const YAML::Node& value, const std::string& file,
                          ServiceConfig& config) {
  const Position at_key{file, key.Mark()};
  const Setting* const setting = key.IsScalar() ? FindSetting(key.Scalar()) : nullptr;
  if (setting == nullptr) return at_key.Error("unknown key \"" + (key.IsScalar() ? key.Scalar() : "") + "\"");
  const auto text = TextOf(value);
  if (!text) return at_key.Error(std::string(setting->name) + ": expected a value or a list of values");
  const auto applied = setting->Apply(*text, config);
  if (!applied) return at_key.Error(applied.error().detail);
  return {};
}

}  // namespace

Expected<void> ApplyYaml(const std::string& text, const std::string& file, ServiceConfig& config) {
  try {
    const YAML::Node root = YAML::Load(text);
    if (root.IsNull()) return {};
    if (!root.IsMap()) return Position{file, root.Mark()}.Error("expected \"setting: value\" lines");
    for (const auto& entry : root) {
      auto applied = ApplyEntry(entry.first, entry.second, file, config);
      if (!applied) return applied;
    }
  } catch (const YAML::Exception& broken) {
    return Position{file, broken.mark}.Error(broken.msg);
  }
  return {};
}

Expected<void> ApplyConfigFile(const std::string& path, ServiceConfig& config) {
  const std::ifstream file(path);
  if (!file) return Unexpected({FailureReason::kInvalidArgument, path + ": cannot be read"});
  std::ostringstream text;
  text << file.rdbuf();
  return ApplyYaml(text.str(), path, config);
}

}  // namespace flowbroker::config
