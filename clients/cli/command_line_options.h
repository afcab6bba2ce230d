#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>

#include "clients/cli/command_line.h"

// The options of flowctl. Private to the command_line*.cc files.
namespace flowbroker::cli {

/// A number of seconds between bounds, without the bounds in every line of the help.
inline CLI::Validator SecondsBetween(double low, double high) {
  return CLI::Range(low, high).description("");
}

/// Turns a name into the value it stands for.
template <typename Value>
CLI::Validator NameOf(const std::map<std::string, Value>& values) {
  return CLI::Validator(
      [&values](std::string& text) {
        const auto found = values.find(CLI::detail::to_lower(text));
        if (found != values.end()) return text = std::to_string(static_cast<int>(found->second)), std::string();
        std::string known;
        for (const auto& [name, value] : values) known += (known.empty() ? "" : ", ") + name;
        return "\"" + text + "\" is none of: " + known;
      },
      "");
}

/// "udp", "tcp" and "tls".
const std::map<std::string, client::Transport>& Transports();

/// The options of one command line, bound to one Invocation.
class CommandLine {
 public:
  CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  Parsed Parse(int argc, const char* const* argv);

 private:
  CLI::App* Add(Command command, const char* name, const char* description);
  void AddCommonOptions();
  /// All or none of the files.
  void AddTlsOptions();
  void AddUri(CLI::App* sub);
  void AddFlow(CLI::App* sub);
  void AddGroup(CLI::App* sub, const char* description);
  void AddDestinationOptions(CLI::App* sub);
  void AddAcquireOptions(CLI::App* sub);
  void AddDestinationCommands();
  void AddSend();
  void AddFlowCommands();
  void AddWatch();
  void AddReport();
  void AddKeepAlive();
  void AddEdge();
  void AddFlowSet();
  void AddSetName(CLI::App* sub);
  void AddRegistration(CLI::App* report);
  void AddInterface(CLI::App* sub, std::string& interface);
  void AddWatchOptions(CLI::App* sub);
  void AddPrefs();
  void AddReach();
  void AddRaces();
  void AddReset();
  void AddDrain();

  CLI::App app_;
  Invocation invocation_;
  bool no_probe_ = false;
  bool failed_ = false;
  bool refused_ = false;
};

}  // namespace flowbroker::cli
