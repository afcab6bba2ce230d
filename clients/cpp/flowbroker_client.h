#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clients/cpp/edge.h"
#include "clients/cpp/flow_sets.h"
#include "clients/cpp/handoff.h"
#include "clients/cpp/history.h"
#include "clients/cpp/relay_stream.h"
#include "clients/cpp/result.h"
#include "clients/cpp/types.h"
#include "clients/cpp/watch.h"

// What a SIP server needs of flowbroker: clients/README.md shows it in ten lines.
namespace flowbroker::client {

/// `given` where it is not empty; otherwise $FLOWBROKER_ADDRESS, the daemon's default socket where there is one
/// (/run/flowbroker/flowbroker.sock, or in $XDG_RUNTIME_DIR/flowbroker or /tmp/flowbroker-<uid>), and 127.0.0.1:7460,
/// in this order. "unix:/path" or "host:port".
std::string BrokerAddress(std::string_view given = {});

/// For a broker that listens on TCP with TLS: PEM files, which are looked at again every ten seconds, so that new ones
/// hold for the next connection. The certificate is who we are to the broker. All empty: no TLS, for a Unix socket.
struct MutualTls {
  std::string ca_file = {};           ///< authorities that may vouch for the broker
  std::string certificate_file = {};  ///< ours, with what leads to its authority
  std::string private_key_file = {};
  std::string server_name = {};  ///< in the broker's certificate; empty: the host of the address

  bool wanted() const { return !ca_file.empty() || !certificate_file.empty() || !private_key_file.empty(); }
};

struct ClientOptions {
  std::string address = {};  ///< see BrokerAddress
  MutualTls tls = {};
  Duration default_timeout = std::chrono::seconds(10);  ///< of calls that name none
};

/// A connection to one broker. Made without I/O: connects with the first call and again whenever needed. Thread-safe.
/// Streams it opened may outlive it; asynchronous calls are cancelled by its destructor, which must not run in a
/// callback.
class Client {
 public:
  using Timeout = std::optional<Duration>;  ///< absent: ClientOptions::default_timeout
  using AcquireCallback = std::function<void(Result<AcquiredFlow>)>;

  explicit Client(ClientOptions options = {});
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  const std::string& address() const;

  /// A usable flow, now or as fast as the network allows; blocks. The broker races until `timeout`.
  Result<AcquiredFlow> Acquire(const AcquireRequest& request, Timeout timeout = {});
  /// The same with default options for a SIP or SIPS URI.
  Result<AcquiredFlow> Acquire(std::string_view uri, Timeout timeout = {});
  /// The same without blocking; `done` runs once, on the client's event thread.
  void AcquireAsync(const AcquireRequest& request, AcquireCallback done, Timeout timeout = {});

  /// A TCP flow as a connected socket of our own; blocks. Only on the broker's host, where it has a handoff socket.
  Result<HandedOff> AcquireHandoff(AcquireRequest request, Timeout timeout = {});

  Result<void> Release(const std::string& flow_id);
  /// Prepares a flow for a coming Acquire. True: one is there already.
  Result<bool> Warm(const WarmRequest& request);
  /// Where a request would go, without connecting.
  Result<Resolution> Resolve(const Destination& destination, Timeout timeout = {});
  /// True: the flow was known.
  Result<bool> ReportOutcome(const TransactionReport& report);

  /// All open flows, over as many pages as it takes. `client_group` absent: of all groups.
  Result<std::vector<Flow>> ListFlows(const std::optional<std::string>& client_group = {});
  Result<Flow> GetFlow(const std::string& flow_id);
  Result<void> CloseFlow(const std::string& flow_id);
  Result<ProbeResult> ProbeFlow(const std::string& flow_id, Timeout timeout = {});
  Result<void> SetKeepAlive(const std::string& flow_id, const KeepAlive& keep_alive);

  /// The token of an open flow, for the user part of a Path or Record-Route URI.
  Result<std::string> MintToken(const std::string& flow_id);
  /// Which flow a token names: live, gone, or forged.
  Result<VerifiedToken> VerifyToken(const std::string& token);
  /// One per contact of the request; of "*" one per binding taken out.
  Result<std::vector<BoundContact>> Bind(const BindRequest& request);
  /// How many were taken out.
  Result<std::size_t> Unbind(const UnbindRequest& request);
  /// Best first, never two targets of one instance. Empty: nobody is registered.
  Result<std::vector<BindingTarget>> LookupBindings(const std::string& aor);

  /// Keeps a flow to each of two to four outbound proxies, from now on and over restarts. Idempotent. The flows come
  /// afterwards: see WatchFlowSet.
  Result<FlowSet> EnsureFlowSet(const FlowSetRequest& request);
  Result<FlowSet> GetFlowSet(const std::string& name);
  /// All of our tenant, over as many pages as it takes.
  Result<std::vector<FlowSet>> ListFlowSets();
  /// Closes its flows and forgets its instance-id.
  Result<void> DeleteFlowSet(const std::string& name);
  /// How the REGISTER over a flow of a set ended. kNotFound: the reg-id has another flow by now.
  Result<void> ReportRegistration(const RegistrationReport& report);

  /// What is known of each prefix, over as many pages as it takes.
  Result<std::vector<FamilyPreference>> ListFamilyPreferences(const PreferenceFilter& filter = {});
  /// What is known of the targets of a host. kNotFound: nothing.
  Result<std::vector<TargetReachability>> GetReachability(const ReachabilityQuery& query);
  /// At most `count` races, newest first.
  Result<std::vector<Race>> ListRaces(std::size_t count, const RaceFilter& filter = {});
  /// Forgets everything that was learned, all inside a prefix in CIDR form, or the targets of a host name or address.
  Result<Forgotten> ForgetAll();
  Result<Forgotten> ForgetPrefix(const std::string& prefix);
  Result<Forgotten> ForgetHost(const std::string& host);

  /// Opens a stream at once; where the broker cannot be reached `on_closed` says so.
  std::unique_ptr<RelayStream> OpenRelay(RelayOptions options, RelayHandlers handlers);
  std::unique_ptr<Watch> WatchFlows(FlowWatchOptions options, WatchHandlers<FlowEvent> handlers);
  std::unique_ptr<Watch> WatchBindings(BindingWatchOptions options, WatchHandlers<BindingEvent> handlers);
  /// First a kSnapshot, unless it resumes.
  std::unique_ptr<Watch> WatchFlowSet(FlowSetWatchOptions options, WatchHandlers<FlowSetEvent> handlers);
  std::unique_ptr<Watch> WatchPreferences(PreferenceWatchOptions options, WatchHandlers<PreferenceEvent> handlers);

 private:
  class Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace flowbroker::client
