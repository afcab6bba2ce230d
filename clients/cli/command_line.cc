#include "clients/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <map>
#include <sstream>

namespace flowbroker::cli {
namespace {

using client::TransactionOutcome;
using client::Transport;

constexpr const char* kDescription =
    "Asks flowbroker for flows to SIP peers, and shows how it found them.\n\n"
    "A flow is something a SIP message can be sent on now: a TCP or TLS connection, or a UDP address pair that\n"
    "answered. The broker finds one by DNS (NAPTR, SRV, A and AAAA), races the targets, and keeps the winner.";

constexpr const char* kFooter =
    "Try\n"
    "  flowctl options sip:example.org             is it there, over what, and how long does it take?\n"
    "  flowctl resolve sip:example.org             where would a request go, and why? (connects to nothing)\n"
    "  flowctl acquire sip:bob@example.org         the same flow again: now it comes from the pool\n"
    "  flowctl acquire 'sips:example.org' --json | jq -r .flow_id\n"
    "  flowctl flows                               what is open\n"
    "  flowctl watch                               what opens and closes, and why\n\n"
    "The broker's address is --address, or $FLOWBROKER_ADDRESS, or the daemon's default socket where it exists, or\n"
    "127.0.0.1:7460. A waterfall reads from left to right: one line per step, the bar is when it ran, the last column\n"
    "how it ended. COLUMNS sets the width, NO_COLOR turns colour off.\n\n"
    "Exit codes\n"
    "  0  done; for `options`: a response came\n"
    "  1  something else went wrong\n"
    "  2  wrong usage, or INVALID_ARGUMENT: the request is malformed\n"
    "  3  NOT_FOUND: no such name or flow\n"
    "  4  UNAVAILABLE: every target failed, or the flow is dead\n"
    "  5  DEADLINE_EXCEEDED: not in time\n"
    "  6  RESOURCE_EXHAUSTED: a limit of the broker\n"
    "  7  the broker itself cannot be reached";

// A number of seconds between bounds, without the bounds in every line of the help.
CLI::Validator SecondsBetween(double low, double high) {
  return CLI::Range(low, high).description("");
}

// Turns a name into the value it stands for.
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

/// The options of one command line, bound to one Invocation.
class CommandLine {
 public:
  CommandLine() {
    app_.set_version_flag("--version", "flowctl 0.1.0");
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.footer(kFooter);
    AddCommonOptions();
    AddDestinationCommands();
    AddSend();
    AddFlowCommands();
    AddWatch();
    AddReport();
  }
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  Parsed Parse(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
      invocation_.request.time_sensitive = !no_probe_;
      if (invocation_.group) invocation_.request.client_group = *invocation_.group;
      invocation_.request.destination.to = invocation_.subject;
      return {.invocation = invocation_, .text = {}, .code = ExitCode::kOk};
    } catch (const CLI::ParseError& error) {
      std::ostringstream text;
      const bool asked = app_.exit(error, text, text) == 0;
      return {.invocation = std::nullopt, .text = text.str(), .code = asked ? ExitCode::kOk : ExitCode::kUsage};
    }
  }

 private:
  CLI::App* Add(Command command, const char* name, const char* description) {
    CLI::App* sub = app_.add_subcommand(name, description);
    sub->callback([this, command] { invocation_.command = command; });
    return sub;
  }

  void AddCommonOptions() {
    app_.add_option("--address", invocation_.address, "broker: unix:/path or host:port")->type_name("ADDRESS");
    app_.add_option("--timeout", invocation_.timeout, "deadline of the call; default 10")
        ->check(SecondsBetween(0.001, 3600.0))
        ->type_name("SECONDS");
    app_.add_flag("--json", invocation_.json, "one JSON document per line, fields named as in the .proto files");
  }

  void AddUri(CLI::App* sub) {
    sub->add_option("URI", invocation_.subject, "SIP or SIPS URI, such as sip:alice@example.org")->required();
  }

  void AddFlow(CLI::App* sub) { sub->add_option("FLOW", invocation_.subject, "flow id")->required(); }

  void AddGroup(CLI::App* sub, const char* description) {
    sub->add_option("--group", invocation_.group, description)->type_name("NAME");
  }

  void AddDestinationOptions(CLI::App* sub) {
    static const std::map<std::string, Transport> kTransports{
        {"udp", Transport::kUdp}, {"tcp", Transport::kTcp}, {"tls", Transport::kTls}};
    client::Destination& destination = invocation_.request.destination;
    sub->add_option("--transport", destination.allowed_transports, "allow only these: udp, tcp, tls")
        ->delimiter(',')
        ->transform(NameOf(kTransports))
        ->type_name("LIST");
    sub->add_option("--local-address", destination.local_address, "address to send from")->type_name("IP");
    sub->add_option("--interface", destination.local_interface, "interface to send from")->type_name("NAME");
    sub->add_option("--tls-identity", destination.tls_identity,
                    "name the peer's certificate must carry, where it is not the URI's host")
        ->type_name("NAME");
  }

  void AddAcquireOptions(CLI::App* sub) {
    AddDestinationOptions(sub);
    AddGroup(sub, "client group of the flow (default: flowctl, its own)");
    sub->add_flag("--exclusive", invocation_.request.exclusive, "a flow for this caller alone");
    sub->add_flag("--no-probe", no_probe_, "not time-sensitive: do not probe a flow that may be dead");
    sub->add_option("--request-id", invocation_.request.request_id, "idempotent: the same id gets the same flow")
        ->type_name("ID");
  }

  void AddDestinationCommands() {
    CLI::App* acquire = Add(Command::kAcquire, "acquire", "get a usable flow to a URI, and see how it was found");
    AddUri(acquire);
    AddAcquireOptions(acquire);
    acquire->footer("Example: flowctl acquire sip:example.org --transport tcp,tls --timeout 5");

    CLI::App* resolve = Add(Command::kResolve, "resolve", "see where a request would go, in which order and why");
    AddUri(resolve);
    AddDestinationOptions(resolve);

    CLI::App* options = Add(Command::kOptions, "options", "acquire a flow, send a real OPTIONS on it, show the answer");
    AddUri(options);
    AddAcquireOptions(options);
    options->footer(
        "Exit code 0 only when a response came, whatever its status.\n"
        "Example: flowctl options sip:example.org && echo alive");

    CLI::App* warm = Add(Command::kWarm, "warm", "prepare a flow for a coming acquire; returns at once");
    AddUri(warm);
    AddDestinationOptions(warm);
    AddGroup(warm, "client group of the flow (default: flowctl, its own)");
  }

  void AddSend() {
    CLI::App* send = Add(Command::kSend, "send", "send a SIP message over a flow, or over a flow acquired for a URI");
    send->add_option("FLOW|URI", invocation_.subject, "flow id, or URI to acquire a flow for")->required();
    AddAcquireOptions(send);
    send->add_option("--file", invocation_.file, "message; default: standard input")->type_name("PATH");
    send->add_flag("--crlf", invocation_.crlf, "end lines with CR LF where the input has LF only");
    send->add_option("--wait", invocation_.wait, "print messages that come in, for so long")
        ->check(SecondsBetween(0.0, 86400.0))
        ->type_name("SECONDS");
    send->add_option("--count", invocation_.count, "with --wait: end after so many messages")->type_name("N");
    send->footer(
        "A flow of another client group needs --group.\n"
        "Example: flowctl send sip:example.org --file options.sip --crlf --wait 2 --count 1");
  }

  void AddFlowCommands() {
    CLI::App* flows = Add(Command::kFlows, "flows", "list open flows, or describe one");
    flows->add_option("FLOW", invocation_.subject, "flow id; absent: all");
    AddGroup(flows, "only flows of this client group");
    AddFlow(Add(Command::kClose, "close", "close a flow at once"));
    AddFlow(Add(Command::kRelease, "release", "give a flow back; closes an exclusive one"));
    AddFlow(Add(Command::kProbe, "probe", "find out whether a flow can still carry SIP; exit code 4: it cannot"));
  }

  void AddWatch() {
    CLI::App* watch = Add(Command::kWatch, "watch", "show flows being opened and closed, and messages dropped");
    AddGroup(watch, "only flows of this client group");
    watch->add_option("--after", invocation_.after, "resume after this sequence number")->type_name("N");
    watch->add_option("--count", invocation_.count, "end after so many events")->type_name("N");
    watch->add_option("--for", invocation_.duration, "end after so long")
        ->check(SecondsBetween(0.0, 86400.0))
        ->type_name("SECONDS");
    watch->footer("With --json: a line per answer of the broker; the first says that the watch is in place.");
  }

  void AddReport() {
    static const std::map<std::string, TransactionOutcome> kOutcomes{
        {"answered", TransactionOutcome::kAnswered},
        {"timed-out", TransactionOutcome::kTimedOut},
        {"service-unavailable", TransactionOutcome::kServiceUnavailable},
        {"transport-error", TransactionOutcome::kTransportError}};
    CLI::App* report = Add(Command::kReport, "report", "tell the broker how a transaction over a flow ended");
    AddFlow(report);
    report->add_option("--outcome", invocation_.outcome, "answered, timed-out, service-unavailable or transport-error")
        ->transform(NameOf(kOutcomes))
        ->type_name("OUTCOME");
    report->add_option("--rtt", invocation_.rtt_ms, "request to first response, not retransmitted")->type_name("MS");
    report->add_option("--retry-after", invocation_.retry_after, "of a 503")->type_name("SECONDS");
  }

  CLI::App app_{kDescription, "flowctl"};
  Invocation invocation_;
  bool no_probe_ = false;
};

}  // namespace

Parsed ParseCommandLine(int argc, const char* const* argv) {
  return CommandLine().Parse(argc, argv);
}

}  // namespace flowbroker::cli
