// What the broker remembers, and the end of its work.

#include <map>

#include "clients/cli/command_line_options.h"

namespace flowbroker::cli {

using client::AddressFamily;

void CommandLine::AddInterface(CLI::App* sub, std::string& interface) {
  sub->add_option("--interface", interface, "only this local interface")->type_name("NAME");
}

void CommandLine::AddPrefs() {
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

void CommandLine::AddReach() {
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

void CommandLine::AddRaces() {
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

void CommandLine::AddReset() {
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

void CommandLine::AddDrain() {
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

}  // namespace flowbroker::cli
