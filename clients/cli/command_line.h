#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "clients/cli/exit_code.h"
#include "clients/cpp/flowbroker_client.h"
#include "clients/cpp/history.h"
#include "clients/cpp/types.h"

namespace flowbroker::cli {

enum class Command : std::uint8_t {
  kAcquire,
  kResolve,
  kOptions,
  kSend,
  kFlows,
  kWatch,
  kClose,
  kRelease,
  kProbe,
  kWarm,
  kReport,
  kKeepAlive,
  kBindings,
  kToken,
  kVerify,
  kEnsureFlowSet,
  kShowFlowSet,
  kListFlowSets,
  kDeleteFlowSet,
  kWatchFlowSet,
  kReportRegistration,
  kPrefs,
  kReach,
  kRaces,
  kReset,
  kDrain,
};

/// Group of the flows that flowctl acquires: a group of its own, so that it takes no messages away from the servers
/// that use the broker.
inline constexpr const char* kOwnGroup = "flowctl";

/// What `reset` forgets.
enum class ResetWhat : std::uint8_t { kAll, kPrefix, kHost };

/// What the command line asks for.
struct Invocation {
  Command command = Command::kAcquire;
  std::string address;  ///< empty: see client::BrokerAddress
  client::MutualTls tls = {};
  double timeout = 10;  ///< seconds
  bool json = false;
  std::string subject;  ///< URI, flow id, token, address-of-record or name of a flow set
  client::AcquireRequest request{.destination = {.to = std::string()}, .client_group = kOwnGroup, .want_trace = true};
  std::optional<std::string> group;  ///< as given: flows and watch show all groups otherwise
  // send
  std::string file = "-";  ///< "-": standard input
  double wait = 0;         ///< seconds; 0: do not wait for messages
  bool crlf = false;       ///< turn LF into CRLF
  // send, watch, flow-set watch, prefs and bindings with --watch, races
  unsigned count = 0;  ///< end after so many messages, events or races; 0: no limit, for races 20
  // watch, flow-set watch, prefs and bindings with --watch
  std::uint64_t after = 0;
  double duration = 0;  ///< seconds; 0: for ever
  // report, flow-set report
  client::TransactionOutcome outcome = client::TransactionOutcome::kAnswered;
  double rtt_ms = 0;        ///< 0: unknown
  double retry_after = -1;  ///< seconds; negative: none
  // keep-alive
  client::KeepAliveMethod keep_alive = client::KeepAliveMethod::kNone;
  double flow_timer = 0;  ///< seconds; 0: the broker's settings
  // flow-set
  client::FlowSetRequest flow_set{.name = {}, .uris = {}};
  client::RegistrationReport registration{.name = {}, .flow_id = {}};  ///< with `retry_after`
  // prefs, bindings
  bool follow = false;  ///< --watch
  client::PreferenceFilter preferences;
  // reach
  client::ReachabilityQuery reachability;
  // races
  client::RaceFilter races;
  bool waterfall = false;
  // reset: `subject` is the prefix or host
  ResetWhat reset = ResetWhat::kAll;
  // drain, with `wait`
  std::string admin;       ///< empty: see AdminAddress
  std::string token_file;  ///< empty: no token
};

/// An invocation, or the text to show (help, version, what is wrong) and the exit code.
struct Parsed {
  std::optional<Invocation> invocation;
  std::string text;
  ExitCode code = ExitCode::kOk;
};

Parsed ParseCommandLine(int argc, const char* const* argv);

}  // namespace flowbroker::cli
