#include "broker/engine/connection_broker.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>

#include "broker/engine/broker_edge.h"
#include "broker/engine/broker_flows.h"
#include "broker/engine/broker_handoff.h"
#include "broker/engine/broker_history.h"
#include "broker/engine/broker_outbound.h"
#include "broker/engine/broker_state.h"
#include "broker/engine/destination_key.h"
#include "broker/engine/shard.h"
#include "broker/history/snapshot_pruning.h"
#include "broker/net/interface_monitor.h"
#include "broker/net/system_clock.h"
#include "broker/net/tls_context.h"

namespace flowbroker::engine {
namespace {

/// FlowId has one octet for the shard.
constexpr std::size_t kMaxShards = 255;

net::TlsContextOptions FilesOf(const TlsOptions& tls) {
  return {.ca_file = tls.ca_file, .certificate_file = tls.certificate_file, .private_key_file = tls.private_key_file};
}

class SilentObserver final : public BrokerObserver {};

BrokerOptions Completed(BrokerOptions options) {
  if (options.shards == 0) options.shards = std::max(1U, std::thread::hardware_concurrency());
  options.shards = std::min(options.shards, kMaxShards);
  return options;
}

}  // namespace

class ConnectionBroker::Impl {
 public:
  Impl(const BrokerOptions& options, BrokerObserver* observer, std::unique_ptr<net::TlsContext> tls)
      : state_(options, observer != nullptr ? *observer : silent_), tls_(std::move(tls)) {
    for (std::size_t i = 0; i < options.shards; ++i) {
      shards_.push_back(
          std::make_unique<Shard>(static_cast<std::uint8_t>(i), state_, clock_, tls_->Sibling(),
                                  [this](const dns::Question& question, const SharedResolver::Ended& ended) {
                                    for (const std::uint8_t shard : ended.shards)
                                      shards_[shard]->PostDnsAnswer(question, ended.answer);
                                  }));
    }
    outbound_.emplace(state_, clock_, shards_);
  }

  /// Fails where the edge cannot listen, or its keys cannot be read.
  Expected<void> Start() {
    if (shards_.size() > 1) {
      state_.on_loan_wanted = [this](const LoanRequest& request) { ArrangeLoan(shards_, request); };
    }
    const std::string& keys = state_.options.edge.token_keys_file;
    if (!keys.empty()) {
      if (const auto loaded = state_.tokens.Load(keys); !loaded) return loaded;
    }
    WatchNetworks();
    if (const auto listening = edge_.Listen(); !listening) return listening;
    if (const auto listening = handoff_.Listen(); !listening) return listening;
    for (const auto& shard : shards_) shard->Start();
    return {};
  }

  ~Impl() { Stop(); }
  void Stop() {
    outbound_->Stop();
    for (const auto& shard : shards_) shard->Stop();
  }

  /// Networks are known before the first request. Where they cannot be, the broker serves without telling them apart.
  void WatchNetworks() {
    auto monitor = net::InterfaceMonitor::Create(shards_.front()->io(), [this](const auto& interfaces) {
      TakeNetworks(interfaces);
      for (const auto& shard : shards_) shard->PostNetworksChanged();
    });
    if (!monitor) return state_.observer.OnNetworksUnknown(monitor.error());
    interfaces_ = std::move(*monitor);
    TakeNetworks(interfaces_->interfaces());
  }
  void TakeNetworks(const std::vector<history::LocalInterface>& interfaces) {
    state_.observer.OnNetworksChanged(state_.networks.Update(interfaces));
  }

  /// The request was answered from the pool.
  void TellAtOnce(const AcquireRequest& request, const AcquireResult& result) {
    state_.observer.OnAcquired({.result = result,
                                .took = Duration{0},
                                .destination = request.destination,
                                .owner = request.owner,
                                .request_id = request.request_id,
                                .trace_parent = request.trace_parent});
  }

  /// A destination belongs to one shard.
  std::size_t ShardIndexOf(std::string_view key) const { return std::hash<std::string_view>{}(key) % shards_.size(); }

  /// Null for an id that no shard can have made.
  Shard* ShardOf(const flow::FlowId& id) const { return engine::ShardOf(shards_, id); }

  SilentObserver silent_;
  net::SystemClock clock_;
  BrokerState state_;
  mutable std::mutex tls_mutex_;
  std::unique_ptr<net::TlsContext> tls_;  // under tls_mutex_: those of the shards are its siblings
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<net::InterfaceMonitor> interfaces_;  // on the first shard's thread; null: no rtnetlink
  std::atomic<RelayId> last_relay_ = 0;
  BrokerHistory history_{state_, clock_};
  BrokerFlows flows_{state_, clock_, shards_};
  BrokerEdge edge_{state_, clock_, shards_};
  std::optional<BrokerOutbound> outbound_;  // there once the shards are
  BrokerHandoff handoff_{state_, shards_};
};

Expected<std::unique_ptr<ConnectionBroker>> ConnectionBroker::Create(BrokerOptions options, BrokerObserver* observer) {
  options = Completed(std::move(options));
  auto tls = net::TlsContext::Create(FilesOf(options.tls));
  if (!tls) return Unexpected(tls.error());
  auto impl = std::make_unique<Impl>(options, observer, std::move(*tls));
  if (const auto started = impl->Start(); !started) return Unexpected(started.error());
  return std::unique_ptr<ConnectionBroker>(new ConnectionBroker(std::move(impl)));
}

ConnectionBroker::ConnectionBroker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ConnectionBroker::~ConnectionBroker() {
  Stop();
}

void ConnectionBroker::Stop() {
  impl_->edge_.Close();
  impl_->handoff_.Close();
  impl_->Stop();
}

std::size_t ConnectionBroker::Ping(const std::function<void()>& answered) {
  for (const auto& shard : impl_->shards_) shard->Ping(answered);
  return impl_->shards_.size();
}

TimePoint ConnectionBroker::Now() const {
  return impl_->clock_.Now();
}

std::optional<AcquireResult> ConnectionBroker::AcquirePooled(const AcquireRequest& request) {
  thread_local std::string buffer;
  const std::string_view key = WriteDestinationKey(request, buffer);
  auto pooled = impl_->shards_[impl_->ShardIndexOf(key)]->WithCore(
      [&](ShardCore& core, TimePoint now) { return core.acquisitions().TryPooled(request, key, now); });
  if (pooled) impl_->TellAtOnce(request, *pooled);
  return pooled;
}

std::optional<RequestHandle> ConnectionBroker::Acquire(AcquireRequest request, AcquireCallback done) {
  thread_local std::string buffer;
  const std::string_view key = WriteDestinationKey(request, buffer);
  const std::size_t index = impl_->ShardIndexOf(key);
  std::optional<AcquireResult> pooled;
  std::uint64_t number = 0;
  impl_->shards_[index]->WithCore([&](ShardCore& core, TimePoint now) {
    pooled = core.acquisitions().TryPooled(request, key, now);
    if (!pooled) number = core.acquisitions().Start(request, key, std::move(done), now);
  });
  if (!pooled) return RequestHandle{static_cast<std::uint32_t>(index), number};
  impl_->TellAtOnce(request, *pooled);
  done(std::move(*pooled));
  return std::nullopt;
}

void ConnectionBroker::Cancel(RequestHandle handle) {
  impl_->shards_[handle.shard]->WithCore(
      [handle](ShardCore& core, TimePoint now) { core.acquisitions().Cancel(handle.number, now); });
}

bool ConnectionBroker::Warm(AcquireRequest request) {
  request.want_trace = false;
  request.deadline = Now() + std::chrono::minutes(1);
  const bool already_warm = !Acquire(std::move(request), [](const AcquireResult&) {}).has_value();
  return already_warm;
}

void ConnectionBroker::Resolve(const std::string& tenant, Destination destination, TimePoint deadline,
                               ResolveCallback done) {
  std::string buffer;
  AcquireRequest request{.destination = std::move(destination)};
  Shard& shard = *impl_->shards_[impl_->ShardIndexOf(WriteDestinationKey(request, buffer))];
  shard.WithCore([&](ShardCore& core, TimePoint now) {
    core.resolutions().Start(tenant, request.destination, deadline, std::move(done), now);
  });
}

RelayId ConnectionBroker::AttachRelay(flow::Owner owner, std::shared_ptr<RelaySink> sink) {
  const RelayId relay = ++impl_->last_relay_;
  for (const auto& shard : impl_->shards_) {
    shard->WithCore([&](ShardCore& core, TimePoint now) { core.relay().Attach(relay, owner, sink, now); });
  }
  impl_->state_.observer.OnRelayStreams(1);
  return relay;
}

void ConnectionBroker::DetachRelay(RelayId relay) {
  for (const auto& shard : impl_->shards_) {
    shard->WithCore([&](ShardCore& core, TimePoint now) { core.relay().Detach(relay, now); });
  }
  impl_->state_.observer.OnRelayStreams(-1);
}

void ConnectionBroker::ResumeRelay(RelayId relay) {
  for (const auto& shard : impl_->shards_) {
    shard->WithCore([&](ShardCore& core, TimePoint now) { core.relay().Resume(relay, now); });
  }
}

std::vector<ConnectionBroker::SendRefusal> ConnectionBroker::Send(RelayId relay,
                                                                  std::span<const OutboundMessage> messages) {
  std::vector<SendRefusal> refusals;
  std::size_t octets = 0;
  const auto send_on = [&](std::size_t shard, ShardCore& core, TimePoint now) {
    for (std::size_t i = 0; i < messages.size(); ++i) {
      if (messages[i].flow.shard() != shard) continue;
      if (auto refused = core.relay().Send(relay, messages[i].flow, messages[i].bytes, now)) {
        refusals.push_back({i, std::move(*refused)});
      }
    }
  };
  std::vector<bool> wanted(impl_->shards_.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    octets += messages[i].bytes.size();
    if (impl_->ShardOf(messages[i].flow) != nullptr) {
      wanted[messages[i].flow.shard()] = true;
    } else {
      refusals.push_back({i, {FailureReason::kUnknownFlow, ""}});
    }
  }
  for (std::size_t shard = 0; shard < wanted.size(); ++shard) {
    if (!wanted[shard]) continue;
    impl_->shards_[shard]->WithCore([&](ShardCore& core, TimePoint now) { send_on(shard, core, now); });
  }
  std::ranges::sort(refusals, {}, &SendRefusal::index);
  impl_->state_.observer.OnRelayed(/*inbound=*/false, messages.size() - refusals.size(), octets);
  return refusals;
}

FlowAccess& ConnectionBroker::flows() {
  return impl_->flows_;
}

EdgeAccess& ConnectionBroker::edge() {
  return impl_->edge_;
}

OutboundAccess& ConnectionBroker::outbound() {
  return *impl_->outbound_;
}

void ConnectionBroker::CloseEdge() {
  impl_->edge_.Close();
}

std::vector<flow::EdgeListener> ConnectionBroker::edge_listening() const {
  return impl_->edge_.listening();
}

HistoryAccess& ConnectionBroker::history() {
  return impl_->history_;
}

history::Snapshot ConnectionBroker::SaveMemory() const {
  history::Snapshot snapshot{.taken = Now()};
  const BrokerState& state = impl_->state_;
  snapshot.ipv4_prefix_bits = state.options.history.ipv4_prefix_bits;
  snapshot.ipv6_prefix_bits = state.options.history.ipv6_prefix_bits;
  state.history.Export([&](const history::HistoryRecords& part) {
    std::ranges::copy(part.targets, std::back_inserter(snapshot.records.targets));
    std::ranges::copy(part.prefixes, std::back_inserter(snapshot.records.prefixes));
  });
  snapshot.families = state.history.ExportFamilies();
  snapshot.networks = state.networks.networks();  // after the records, so that it names all of theirs
  return snapshot;
}

void ConnectionBroker::RestoreMemory(history::Snapshot snapshot) {
  history::Prune(snapshot, Now(), impl_->state_.options.history);
  impl_->state_.networks.Restore(std::move(snapshot.networks));
  impl_->state_.history.Import(snapshot.records);
  impl_->state_.history.ImportFamilies(snapshot.families);
}

void ConnectionBroker::Apply(LiveOptions options) {
  impl_->state_.live.Set(std::move(options));
  for (const auto& shard : impl_->shards_) {
    shard->WithCore([](ShardCore& core, TimePoint now) { core.OnLiveOptionsChanged(now); });
  }
}

Expected<void> ConnectionBroker::ReloadTokenKeys() {
  const std::string& file = impl_->state_.options.edge.token_keys_file;
  return file.empty() ? Expected<void>() : impl_->state_.tokens.Load(file);
}

Expected<void> ConnectionBroker::ReloadTls() {
  const std::lock_guard lock(impl_->tls_mutex_);  // to the end: all shards have the same in the end
  auto fresh = net::TlsContext::Create(FilesOf(impl_->state_.options.tls));
  if (!fresh) return Unexpected(fresh.error());
  if ((*fresh)->content_digest() == impl_->tls_->content_digest()) return {};
  impl_->tls_ = std::move(*fresh);
  for (const auto& shard : impl_->shards_) shard->PostTlsContext(impl_->tls_->Sibling());
  return {};
}

std::optional<std::chrono::system_clock::time_point> ConnectionBroker::TlsCertificateExpiry() const {
  const std::lock_guard lock(impl_->tls_mutex_);
  return impl_->tls_->CertificateExpiry();
}

}  // namespace flowbroker::engine
