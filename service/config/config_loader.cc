#include "service/config/config_loader.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "service/config/setting.h"
#include "service/config/validation.h"
#include "service/config/value_text.h"

namespace flowbroker::config {
namespace {

/// Larger files are no configuration.
constexpr std::size_t kLargestFile = std::size_t{1} << 20U;

/// Puts `problem` among the others as one line that a terminal can show: keys and values of YAML may contain anything.
void AddTo(std::vector<std::string>& problems, std::string problem) {
  constexpr std::size_t kLongest = 500;
  if (problem.size() > kLongest) problem = problem.substr(0, kLongest) + "...";
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
  std::replace_if(problem.begin(), problem.end(), is_control, '?');
  problems.push_back(std::move(problem));
}

std::string AtLine(const std::string& file, const YAML::Mark& mark) {
  return mark.is_null() ? file : file + ":" + std::to_string(mark.line + 1);
}

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

void ApplyEntry(const YAML::Node& key, const YAML::Node& value, const std::string& file, LoadedConfig& loaded) {
  const std::string place = AtLine(file, key.Mark());
  const std::string name = key.IsScalar() ? key.Scalar() : "";
  const Setting* const setting = FindSetting(name);
  if (setting == nullptr) {
    constexpr std::size_t kShown = 64;  // what is wrong has to fit too
    AddTo(loaded.problems, place + ": " + name.substr(0, kShown) + ": unknown key; " + SuggestSetting(name));
    return;
  }
  const auto [origin, is_first] = loaded.origins.try_emplace(setting->name, place);
  if (!is_first) {
    AddTo(loaded.problems, place + ": " + name + ": already set at " + origin->second + "; once is allowed");
    return;
  }
  const auto text = TextOf(value);
  if (!text) return loaded.Report({setting->name, "a map is not allowed here; a value or a list of values is"});
  if (const auto applied = setting->Apply(*text, loaded.config); !applied) {
    loaded.Report({setting->name, applied.error().detail});
  }
}

void ApplyFile(const std::string& path, LoadedConfig& loaded) {
  std::ifstream file(path);
  std::string text(kLargestFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (!file.eof() && text.size() <= kLargestFile) {
    AddTo(loaded.problems, path + ": cannot be read; --config takes a file of settings");
  } else if (text.size() > kLargestFile) {
    AddTo(loaded.problems, path + ": too large; at most 1M is allowed");
  } else {
    ApplyYaml(text, path, loaded);
  }
}

void ApplyFlags(const ConfigSources& sources, LoadedConfig& loaded) {
  for (const auto& [name, values] : sources.flags) {
    const Setting* const setting = FindSetting(name);
    if (setting == nullptr || values.empty()) continue;
    loaded.origins[setting->name] = "--" + std::string(name);
    if (const auto applied = setting->Apply(ValueText(values), loaded.config); !applied) {
      loaded.Report({setting->name, applied.error().detail});
    }
  }
}

}  // namespace

void LoadedConfig::Report(const Problem& problem) {
  const auto origin = origins.find(problem.setting);
  std::string where;
  if (origin == origins.end()) {
    where = std::string(problem.setting);
  } else if (origin->second.starts_with("--")) {
    where = origin->second;
  } else {
    where = origin->second + ": " + std::string(problem.setting);
  }
  AddTo(problems, where + ": " + problem.what);
}

std::string LoadedConfig::Problems() const {
  std::string text;
  for (const std::string& problem : problems) text += problem + "\n";
  return text;
}

void ApplyYaml(const std::string& text, const std::string& file, LoadedConfig& loaded) {
  try {
    const YAML::Node root = YAML::Load(text);
    if (root.IsNull()) return;
    if (!root.IsMap()) {
      AddTo(loaded.problems, AtLine(file, root.Mark()) + ": not a map; \"setting: value\" lines are allowed");
      return;
    }
    for (const auto& entry : root) ApplyEntry(entry.first, entry.second, file, loaded);
  } catch (const YAML::Exception& broken) {
    AddTo(loaded.problems, AtLine(file, broken.mark) + ": not YAML: " + broken.msg);
  }
}

LoadedConfig LoadConfig(const ConfigSources& sources) {
  LoadedConfig loaded;
  if (!sources.file.empty()) ApplyFile(sources.file, loaded);
  ApplyFlags(sources, loaded);
  if (loaded.config.listen.empty()) loaded.config.listen = DefaultListen(loaded.config);
  for (const Problem& problem : Validate(loaded.config)) loaded.Report(problem);
  return loaded;
}

std::string PrintConfig(const LoadedConfig& loaded) {
  std::string text = "# The settings of flowbrokerd, and where each comes from.\n";
  for (const Setting& setting : Settings()) {
    YAML::Emitter value;
    value << setting.Show(loaded.config);
    const auto origin = loaded.origins.find(setting.name);
    text += std::string(setting.name) + ": " + value.c_str() + "  # " +
            (origin == loaded.origins.end() ? "default" : origin->second) + "\n";
  }
  return text;
}

}  // namespace flowbroker::config
