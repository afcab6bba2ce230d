#include "clients/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <map>
#include <sstream>

namespace flowbroker::cli {
namespace {

using client::AddressFamily;
using client::KeepAliveMethod;
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
    "  flowctl watch                               what opens and closes, and why\n"
    "  flowctl bindings sip:alice@example.org      which flows reach a user agent\n"
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

const std::map<std::string, Transport>& Transports() {
  static const std::map<std::string, Transport> transports{
      {"udp", Transport::kUdp}, {"tcp", Transport::kTcp}, {"tls", Transport::kTls}};
  return transports;
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
    AddKeepAlive();
    AddEdge();
    AddPrefs();
    AddReach();
    AddRaces();
    AddReset();
    AddDrain();
  }
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  Parsed Parse(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
      invocation_.request.time_sensitive = !no_probe_;
      if (invocation_.group) invocation_.request.client_group = *invocation_.group;
      invocation_.request.destination.to = invocation_.subject;
      if (failed_) invocation_.races.succeeded = false;
      invocation_.races.client_group = invocation_.group;
      invocation_.reachability.host = invocation_.subject;
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
    AddTlsOptions();
    app_.add_option("--timeout", invocation_.timeout, "deadline of the call; default 10")
        ->check(SecondsBetween(0.001, 3600.0))
        ->type_name("SECONDS");
    app_.add_flag("--json", invocation_.json, "one JSON document per line, fields named as in the .proto files");
  }

  /// All or none of the files.
  void AddTlsOptions() {
    client::MutualTls& tls = invocation_.tls;
    const auto add = [this](const char* name, std::string& file, const char* description, const char* variable) {
      return app_.add_option(name, file, description)->check(CLI::ExistingFile)->type_name("PEM")->envname(variable);
    };
    CLI::Option* ca = add("--tls-ca-file", tls.ca_file, "TLS to the broker: authorities of its certificate",
                          "FLOWBROKER_TLS_CA_FILE");
    CLI::Option* certificate = add("--tls-certificate-file", tls.certificate_file,
                                   "our certificate, by which the broker knows us", "FLOWBROKER_TLS_CERTIFICATE_FILE");
    CLI::Option* key =
        add("--tls-private-key-file", tls.private_key_file, "its key", "FLOWBROKER_TLS_PRIVATE_KEY_FILE");
    CLI::Option* name = app_.add_option("--tls-server-name", tls.server_name,
                                        "name in the broker's certificate, where it is not the host of the address")
                            ->type_name("NAME")
                            ->envname("FLOWBROKER_TLS_SERVER_NAME");
    ca->needs(certificate)->needs(key);
    certificate->needs(ca);
    key->needs(ca);
    name->needs(ca);
  }

  void AddUri(CLI::App* sub) {
    sub->add_option("URI", invocation_.subject, "SIP or SIPS URI, such as sip:alice@example.org")->required();
  }

  void AddFlow(CLI::App* sub) { sub->add_option("FLOW", invocation_.subject, "flow id")->required(); }

  void AddGroup(CLI::App* sub, const char* description) {
    sub->add_option("--group", invocation_.group, description)->type_name("NAME");
  }

  void AddDestinationOptions(CLI::App* sub) {
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
    AddWatchOptions(watch);
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

  void AddKeepAlive() {
    static const std::map<std::string, KeepAliveMethod> kMethods{{"none", KeepAliveMethod::kNone},
                                                                 {"crlf", KeepAliveMethod::kCrlf},
                                                                 {"stun", KeepAliveMethod::kStun},
                                                                 {"options", KeepAliveMethod::kOptions}};
    CLI::App* keep_alive = Add(Command::kKeepAlive, "keep-alive", "say how a flow is asked whether it lives");
    AddFlow(keep_alive);
    keep_alive->add_option("METHOD", invocation_.keep_alive, "crlf (TCP, TLS), stun (UDP), options, none")
        ->transform(NameOf(kMethods))
        ->required();
    keep_alive->add_option("--flow-timer", invocation_.flow_timer, "Flow-Timer of the answer to a REGISTER")
        ->check(SecondsBetween(1.0, 3600.0))
        ->type_name("SECONDS");
    keep_alive->footer("Example: flowctl keep-alive FLOW crlf --flow-timer 120");
  }

  void AddEdge() {
    CLI::App* bindings = Add(Command::kBindings, "bindings", "show the flows that reach an address-of-record");
    CLI::Option* watch = bindings->add_flag("--watch", invocation_.follow, "show them come and go instead");
    bindings->add_option("AOR", invocation_.subject, "as it was registered; absent with --watch: all");
    AddWatchOptions(bindings);
    bindings->callback([this, watch] {
      if (watch->empty() && invocation_.subject.empty()) throw CLI::RequiredError("AOR");
      invocation_.command = Command::kBindings;
    });
    bindings->footer(
        "A numbered row per user agent, best first; below it its other flows. --after, --count and --for go with\n"
        "--watch. Example: flowctl bindings sip:alice@example.org");
    AddFlow(Add(Command::kToken, "token", "mint a flow's token, for a Path or Record-Route URI"));
    CLI::App* verify = Add(Command::kVerify, "verify", "find out which flow a token names, and whether it is forged");
    verify->add_option("TOKEN", invocation_.subject, "user part of the URI")->required();
    verify->footer("Exit code 0: its flow is open; 4: it is gone; 1: the token is forged.");
  }

  void AddInterface(CLI::App* sub, std::string& interface) {
    sub->add_option("--interface", interface, "only this local interface")->type_name("NAME");
  }

  void AddWatchOptions(CLI::App* sub) {
    sub->add_option("--after", invocation_.after, "resume after this sequence number")->type_name("N");
    sub->add_option("--count", invocation_.count, "end after so many events")->type_name("N");
    sub->add_option("--for", invocation_.duration, "end after so long")
        ->check(SecondsBetween(0.0, 86400.0))
        ->type_name("SECONDS");
  }

  void AddPrefs() {
    static const std::map<std::string, AddressFamily> kFamilies{{"ipv4", AddressFamily::kIpv4},
                                                                {"ipv6", AddressFamily::kIpv6}};
    CLI::App* prefs = Add(Command::kPrefs, "prefs", "show which address family is used for which prefix, and why");
    AddInterface(prefs, invocation_.preferences.interface);
    prefs->add_option("--family", invocation_.preferences.family, "only prefixes of this family: ipv4, ipv6")
        ->transform(NameOf(kFamilies))
        ->type_name("FAMILY");
    prefs->add_option("--prefix", invocation_.preferences.prefix, "only prefixes that overlap it, or contain it")
        ->type_name("PREFIX|IP");
    prefs->add_flag("--impaired", invocation_.preferences.only_impaired,
                    "only those slow or unreachable, or whose own family is not preferred");
    prefs->add_flag("--watch", invocation_.follow, "show changes as they happen instead");
    AddWatchOptions(prefs);
    prefs->footer(
        "A family is preferred with a confidence, from races won and lost that fade with time. What is unreachable or\n"
        "slow is tried again in the background while there is traffic. --after, --count and --for go with --watch;\n"
        "with --json it prints a line per answer, the first of which says that the watch is in place.\n"
        "Example: flowctl prefs --impaired");
  }

  void AddReach() {
    CLI::App* reach = Add(Command::kReach, "reach", "show what is remembered of a host's targets");
    reach->add_option("HOST|IP", invocation_.subject, "host name or address")->required();
    reach->add_option("--port", invocation_.reachability.port, "only this port")->type_name("PORT");
    reach->add_option("--transport", invocation_.reachability.transport, "only this one: udp, tcp, tls")
        ->transform(NameOf(Transports()))
        ->type_name("TRANSPORT");
    AddInterface(reach, invocation_.reachability.interface);
    reach->footer(
        "A name stands for the targets that recent acquires for it, or through it, led to.\n"
        "Example: flowctl reach sip1.example.org --transport tls");
  }

  void AddRaces() {
    CLI::App* races = Add(Command::kRaces, "races", "show the last acquires that needed DNS or a race");
    races->add_option("--host", invocation_.races.host, "only for this name or address, or with a target of it")
        ->type_name("HOST|IP");
    races->add_option("--count", invocation_.count, "so many; default 20")
        ->check(CLI::Range(1U, 1'000'000U).description(""))
        ->type_name("N");
    races->add_flag("--failed", failed_, "only those without a flow");
    AddGroup(races, "only those of this client group");
    races->add_flag("-v,--waterfall", invocation_.waterfall, "draw what happened in each");
    races->footer("Example: flowctl races --host example.org --count 1 -v");
  }

  void AddReset() {
    CLI::App* reset = Add(Command::kReset, "reset", "make the broker forget what it has learned");
    const auto say = [this](ResetWhat what) { return [this, what](auto) { invocation_.reset = what; }; };
    CLI::Option_group* what = reset->add_option_group("what", "one of");
    what->add_flag_function("--all", say(ResetWhat::kAll), "everything");
    what->add_option("--prefix", invocation_.subject, "all targets and prefixes inside it")
        ->each(say(ResetWhat::kPrefix))
        ->type_name("PREFIX");
    what->add_option("--host", invocation_.subject, "the targets of a host name or address")
        ->each(say(ResetWhat::kHost))
        ->type_name("HOST|IP");
    what->require_option(1);
    reset->footer(
        "Flows stay open. The races shown by `races` stay too.\n"
        "Example: flowctl reset --prefix 2001:db8::/32");
  }

  void AddDrain() {
    CLI::App* drain = Add(Command::kDrain, "drain", "have the broker take no more calls, as before it is stopped");
    drain->add_option("--admin", invocation_.admin, "its admin port; default $FLOWBROKER_ADMIN or 127.0.0.1:7461")
        ->type_name("HOST:PORT");
    drain->add_option("--token-file", invocation_.token_file, "file whose first line is the admin port's token")
        ->type_name("PATH");
    drain->add_option("--wait", invocation_.wait, "then wait for so long, or until the broker has ended")
        ->check(SecondsBetween(0.0, 86400.0))
        ->type_name("SECONDS");
    drain->footer(
        "For a preStop hook of Kubernetes, where there is no shell: --wait gives callers time to notice before\n"
        "SIGTERM comes. Draining twice is no error.\n"
        "Example: flowctl drain --token-file /run/secrets/flowbroker/token --wait 5");
  }

  CLI::App app_{kDescription, "flowctl"};
  Invocation invocation_;
  bool no_probe_ = false;
  bool failed_ = false;
};

}  // namespace

Parsed ParseCommandLine(int argc, const char* const* argv) {
  return CommandLine().Parse(argc, argv);
}

}  // namespace flowbroker::cli
