#include "clients/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <map>
#include <sstream>

#include "clients/cli/command_line_options.h"

namespace flowbroker::cli {
namespace {

using client::TransactionOutcome;

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
    "  flowctl watch                               what opens and closes, and why\n"
    "  flowctl bindings sip:alice@example.org      which flows reach a user agent\n"
    "  flowctl flow-set list                       which outbound proxies the broker keeps flows to\n"
    "  flowctl races --host example.org -v         what happened lately on the way to it, as waterfalls\n"
    "  flowctl prefs                               which family is used for which prefix, and since when\n"
    "  flowctl reach sip1.example.org              what is remembered of one host; `reset` forgets it\n"
    "  flowctl drain --wait 5                      take this broker out of service (over its admin port)\n\n"
    "The broker's address is --address, or $FLOWBROKER_ADDRESS, or the daemon's default socket where it exists, or\n"
    "127.0.0.1:7460. A waterfall reads from left to right: one line per step, the bar is when it ran, the last column\n"
    "how it ended. COLUMNS sets the width, NO_COLOR turns colour off. A flow id or token that begins with - goes\n"
    "after --, as in `flowctl close -- -4zfIX...`.\n\n"
    "Exit codes\n"
    "  0  done; for `options`: a response came\n"
    "  1  something else went wrong\n"
    "  2  wrong usage, or INVALID_ARGUMENT: the request is malformed\n"
    "  3  NOT_FOUND: no such name or flow; for `reach`: nothing is known of it\n"
    "  4  UNAVAILABLE: every target failed, or the flow is dead; for `verify`: its flow is gone\n"
    "  5  DEADLINE_EXCEEDED: not in time\n"
    "  6  RESOURCE_EXHAUSTED: a limit of the broker\n"
    "  7  the broker itself cannot be reached";

}  // namespace

const std::map<std::string, client::Transport>& Transports() {
  static const std::map<std::string, client::Transport> transports{
      {"udp", client::Transport::kUdp}, {"tcp", client::Transport::kTcp}, {"tls", client::Transport::kTls}};
  return transports;
}

CommandLine::CommandLine() : app_(kDescription, "flowctl") {
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
  AddKeepAlive();
  AddEdge();
  AddFlowSet();
  AddPrefs();
  AddReach();
  AddRaces();
  AddReset();
  AddDrain();
}
Parsed CommandLine::Parse(int argc, const char* const* argv) {
  try {
    app_.parse(argc, argv);
    invocation_.request.time_sensitive = !no_probe_;
    if (invocation_.group) invocation_.request.client_group = *invocation_.group;
    invocation_.request.destination.to = invocation_.subject;
    if (failed_) invocation_.races.succeeded = false;
    invocation_.races.client_group = invocation_.group;
    invocation_.reachability.host = invocation_.subject;
    invocation_.flow_set.name = invocation_.registration.name = invocation_.subject;
    if (invocation_.group) invocation_.flow_set.client_group = *invocation_.group;
    invocation_.registration.accepted = !refused_;
    return {.invocation = invocation_, .text = {}, .code = ExitCode::kOk};
  } catch (const CLI::ParseError& error) {
    std::ostringstream text;
    const bool asked = app_.exit(error, text, text) == 0;
    return {.invocation = std::nullopt, .text = text.str(), .code = asked ? ExitCode::kOk : ExitCode::kUsage};
  }
}

CLI::App* CommandLine::Add(Command command, const char* name, const char* description) {
  CLI::App* sub = app_.add_subcommand(name, description);
  sub->callback([this, command] { invocation_.command = command; });
  return sub;
}

void CommandLine::AddCommonOptions() {
  app_.add_option("--address", invocation_.address, "broker: unix:/path or host:port")->type_name("ADDRESS");
  AddTlsOptions();
  app_.add_option("--timeout", invocation_.timeout, "deadline of the call; default 10")
      ->check(SecondsBetween(0.001, 3600.0))
      ->type_name("SECONDS");
  app_.add_flag("--json", invocation_.json, "one JSON document per line, fields named as in the .proto files");
}

void CommandLine::AddTlsOptions() {
  client::MutualTls& tls = invocation_.tls;
  const auto add = [this](const char* name, std::string& file, const char* description, const char* variable) {
    return app_.add_option(name, file, description)->check(CLI::ExistingFile)->type_name("PEM")->envname(variable);
  };
  CLI::Option* ca =
      add("--tls-ca-file", tls.ca_file, "TLS to the broker: authorities of its certificate", "FLOWBROKER_TLS_CA_FILE");
  CLI::Option* certificate = add("--tls-certificate-file", tls.certificate_file,
                                 "our certificate, by which the broker knows us", "FLOWBROKER_TLS_CERTIFICATE_FILE");
  CLI::Option* key = add("--tls-private-key-file", tls.private_key_file, "its key", "FLOWBROKER_TLS_PRIVATE_KEY_FILE");
  CLI::Option* name = app_.add_option("--tls-server-name", tls.server_name,
                                      "name in the broker's certificate, where it is not the host of the address")
                          ->type_name("NAME")
                          ->envname("FLOWBROKER_TLS_SERVER_NAME");
  ca->needs(certificate)->needs(key);
  certificate->needs(ca);
  key->needs(ca);
  name->needs(ca);
}

void CommandLine::AddUri(CLI::App* sub) {
  sub->add_option("URI", invocation_.subject, "SIP or SIPS URI, such as sip:alice@example.org")->required();
}

void CommandLine::AddFlow(CLI::App* sub) {
  sub->add_option("FLOW", invocation_.subject, "flow id")->required();
}

void CommandLine::AddGroup(CLI::App* sub, const char* description) {
  sub->add_option("--group", invocation_.group, description)->type_name("NAME");
}

void CommandLine::AddDestinationOptions(CLI::App* sub) {
  client::Destination& destination = invocation_.request.destination;
  sub->add_option("--transport", destination.allowed_transports, "allow only these: udp, tcp, tls")
      ->delimiter(',')
      ->transform(NameOf(Transports()))
      ->type_name("LIST");
  sub->add_option("--local-address", destination.local_address, "address to send from")->type_name("IP");
  sub->add_option("--interface", destination.local_interface, "interface to send from")->type_name("NAME");
  sub->add_option("--tls-identity", destination.tls_identity,
                  "name the peer's certificate must carry, where it is not the URI's host")
      ->type_name("NAME");
}

void CommandLine::AddAcquireOptions(CLI::App* sub) {
  AddDestinationOptions(sub);
  AddGroup(sub, "client group of the flow (default: flowctl, its own)");
  sub->add_flag("--exclusive", invocation_.request.exclusive, "a flow for this caller alone");
  sub->add_flag("--no-probe", no_probe_, "not time-sensitive: do not probe a flow that may be dead");
  sub->add_option("--request-id", invocation_.request.request_id, "idempotent: the same id gets the same flow")
      ->type_name("ID");
}

void CommandLine::AddDestinationCommands() {
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

void CommandLine::AddSend() {
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

void CommandLine::AddFlowCommands() {
  CLI::App* flows = Add(Command::kFlows, "flows", "list open flows, or describe one");
  flows->add_option("FLOW", invocation_.subject, "flow id; absent: all");
  AddGroup(flows, "only flows of this client group");
  AddFlow(Add(Command::kClose, "close", "close a flow at once"));
  AddFlow(Add(Command::kRelease, "release", "give a flow back; closes an exclusive one"));
  AddFlow(Add(Command::kProbe, "probe", "find out whether a flow can still carry SIP; exit code 4: it cannot"));
}

void CommandLine::AddWatch() {
  CLI::App* watch = Add(Command::kWatch, "watch", "show flows being opened and closed, and messages dropped");
  AddGroup(watch, "only flows of this client group");
  AddWatchOptions(watch);
  watch->footer("With --json: a line per answer of the broker; the first says that the watch is in place.");
}

void CommandLine::AddWatchOptions(CLI::App* sub) {
  sub->add_option("--after", invocation_.after, "resume after this sequence number")->type_name("N");
  sub->add_option("--count", invocation_.count, "end after so many events")->type_name("N");
  sub->add_option("--for", invocation_.duration, "end after so long")
      ->check(SecondsBetween(0.0, 86400.0))
      ->type_name("SECONDS");
}

void CommandLine::AddReport() {
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

Parsed ParseCommandLine(int argc, const char* const* argv) {
  return CommandLine().Parse(argc, argv);
}

}  // namespace flowbroker::cli
