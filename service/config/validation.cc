#include "service/config/validation.h"

#include <sys/un.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "service/config/value_text.h"

namespace flowbroker::config {
namespace {

using Problems = std::vector<Problem>;

constexpr std::string_view kUnix = "unix:";

/// A file that is named, or not, by the setting called `setting`.
struct NamedFile {
  std::string_view setting;
  const std::string& path;
};

/// A setting that is there needs those that are not.
template <std::size_t kCount>
void AllOrNone(const std::array<NamedFile, kCount>& files, Problems& problems) {
  const auto given = std::find_if(files.begin(), files.end(), [](const NamedFile& f) { return !f.path.empty(); });
  if (given == files.end()) return;
  std::string missing;
  for (const NamedFile& file : files) {
    if (file.path.empty()) missing += (missing.empty() ? "" : " and ") + std::string(file.setting);
  }
  if (!missing.empty()) problems.push_back({given->setting, "needs " + missing + " too; all of them or none"});
}

void CheckTcp(const ServiceConfig& config, const std::string& address, Problems& problems) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == address.size()) {
    problems.push_back({"listen", "\"" + address + "\" is no address; unix:/path or host:port"});
  } else if (config.grpc_certificate_file.empty() && !config.grpc_plaintext) {
    problems.push_back({"listen", "\"" + address +
                                      "\" is TCP without TLS; set grpc-certificate-file, grpc-private-key-file and "
                                      "grpc-client-ca-file, or grpc-plaintext: on"});
  }
}

void CheckListen(const ServiceConfig& config, Problems& problems) {
  for (const std::string& address : config.listen) {
    if (!address.starts_with(kUnix)) {
      CheckTcp(config, address, problems);
    } else if (address.size() == kUnix.size() || address.size() - kUnix.size() >= sizeof(sockaddr_un::sun_path)) {
      problems.push_back({"listen", "\"" + address + "\" is no path of a socket; from 1 to " +
                                        std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " octets"});
    }
  }
}

void CheckAdmin(const ServiceConfig& config, Problems& problems) {
  if (config.admin == "off") return;
  if (const auto address = ParseListenEndpoint(config.admin); !address) {
    problems.push_back({"admin", address.error().detail + ", or off"});
  }
}

void CheckInterval(const flow::KeepAliveInterval& interval, const char* longest, Problems& problems) {
  if (interval.longest >= interval.shortest) return;
  problems.push_back({longest, "must not be less than the shortest one, which is " + ValueText(interval.shortest)});
}

void CheckKeepAlive(const flow::KeepAliveOptions& options, Problems& problems) {
  if (!flow::Suits(options.streams, Transport::kTcp))
    problems.push_back({"keep-alive-streams", "\"stun\" is for UDP; crlf, options or none"});
  if (!flow::Suits(options.datagrams, Transport::kUdp))
    problems.push_back({"keep-alive-datagrams", "\"crlf\" is for TCP and TLS; options, stun or none"});
  CheckInterval(options.stream_interval, "keep-alive-stream-longest", problems);
  CheckInterval(options.datagram_interval, "keep-alive-datagram-longest", problems);
}

}  // namespace

std::vector<Problem> Validate(const ServiceConfig& config) {
  Problems problems;
  const engine::TlsOptions& tls = config.broker.tls;
  AllOrNone(std::array{NamedFile{"tls-certificate-file", tls.certificate_file},
                       NamedFile{"tls-private-key-file", tls.private_key_file}},
            problems);
  AllOrNone(std::array{NamedFile{"grpc-certificate-file", config.grpc_certificate_file},
                       NamedFile{"grpc-private-key-file", config.grpc_private_key_file},
                       NamedFile{"grpc-client-ca-file", config.grpc_client_ca_file}},
            problems);
  if (config.grpc_plaintext && !config.grpc_certificate_file.empty()) {
    problems.push_back({"grpc-plaintext", "on is not allowed beside grpc-certificate-file; one of the two"});
  }
  CheckListen(config, problems);
  if (const auto mode = ParseFileMode(config.listen_mode); !mode) {
    problems.push_back({"listen-mode", mode.error().detail});
  }
  CheckAdmin(config, problems);
  const history::HistoryOptions& history = config.broker.history;
  if (history.longest_reprobe < history.first_reprobe) {
    problems.push_back({"history-longest-reprobe",
                        "must not be less than history-first-reprobe, which is " + ValueText(history.first_reprobe)});
  }
  CheckKeepAlive(config.broker.flows.keep_alive, problems);
  const flow::DatagramFlowOptions& datagrams = config.broker.edge.datagrams;
  if (datagrams.keep_alive != flow::KeepAliveMethod::kOptions && datagrams.keep_alive != flow::KeepAliveMethod::kNone)
    problems.push_back({"edge-keep-alive", "options or none"});
  CheckInterval(datagrams.keep_alive_interval, "edge-keep-alive-longest", problems);
  const auto& listeners = config.broker.edge.listeners;
  const bool tls_edge = std::ranges::any_of(
      listeners, [](const flow::EdgeListener& listener) { return listener.transport == Transport::kTls; });
  if (tls_edge && tls.certificate_file.empty())
    problems.push_back({"edge-listen", "tls: needs tls-certificate-file and tls-private-key-file"});
  if (const int status = config.broker.edge.gone_status; status != 410 && status != 430)
    problems.push_back({"edge-token-gone-status", std::to_string(status) + " is neither; 430 or 410"});
  return problems;
}

}  // namespace flowbroker::config
