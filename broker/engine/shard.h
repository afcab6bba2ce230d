#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "broker/engine/broker_state.h"
#include "broker/engine/shard_core.h"
#include "broker/net/cares_dns_client.h"
#include "broker/net/datagram_listener.h"
#include "broker/net/route_source_selector.h"
#include "broker/net/shard_sockets.h"
#include "broker/net/system_random.h"

namespace flowbroker::engine {

/// Drives one ShardCore: a thread, an io_context, a DNS client, the sockets, one timer, and the lock under which the
/// core runs. Actions are carried out in the order in which they were decided, after the lock is released.
class Shard final : private net::ConnectionListener, private net::DatagramSink {
 public:
  /// Where an answered question goes that other shards wait for as well.
  using DnsAnswered = std::function<void(const dns::Question&, const SharedResolver::Ended&)>;

  Shard(std::uint8_t index, BrokerState& state, const Clock& clock, std::shared_ptr<net::TlsContext> tls,
        DnsAnswered dns_answered);
  ~Shard() override;

  void Start();
  /// Ends every request and flow, then the thread. Idempotent.
  void Stop();

  /// Runs `decide(core, now)` under the lock and has its actions carried out. Any thread; not from inside another one.
  template <typename Decide>
  auto WithCore(Decide&& decide) {
    std::unique_lock lock(mutex_);
    const TimePoint now = clock_.Now();
    if constexpr (std::is_void_v<decltype(decide(core_, now))>) {
      decide(core_, now);
      Conclude(std::move(lock));
    } else {
      auto result = decide(core_, now);
      Conclude(std::move(lock));
      return result;
    }
  }

  /// Reads from the core; nothing it decides.
  template <typename Look>
  auto Inspect(Look&& look) const {
    const std::lock_guard lock(mutex_);
    return look(core_);
  }

  /// The interfaces or their addresses have changed: BrokerState::networks knows. Any thread.
  void PostNetworksChanged();

  /// TLS connections begun from now on use it. Any thread.
  void PostTlsContext(std::shared_ptr<net::TlsContext> tls);

  /// Calls `answered` on the shard's thread, once that could take the lock. Any thread.
  void Ping(std::function<void()> answered);

  /// For what the broker does once and not per shard: its work runs on this shard's thread, until Stop.
  boost::asio::io_context& io() { return io_; }

  /// Opens this shard's part of a UDP listener of the edge. To be called before Start.
  Expected<void> ListenForDatagrams(std::uint16_t listener, const Endpoint& local);
  /// A user agent's connection, accepted on a listener of the edge. Any thread.
  void PostAccepted(std::uint16_t listener, net::AcceptedSocket accepted);

  /// An answer to a question that another shard asked.
  void PostDnsAnswer(const dns::Question& question, const SharedResolver::Answer& answer);

 private:
  struct Socket {
    std::shared_ptr<net::Connection> connection;
    bool queue_reported = false;  // the core knows that octets wait
  };

  void Conclude(std::unique_lock<std::mutex> lock);
  void Drain();
  void CarryOut(IoAction& action);
  void Do(OpenConnection& open);
  void Do(CloseConnection& close);
  void Do(SendBytes& send);
  void Do(SendDatagram& send);
  void Do(PauseReading& pause);
  void Do(ResumeReading& resume);
  void Do(HandOver& hand_over);
  void Do(AskDns& ask);
  void ReportQueue(flow::ConnectionId id, Socket& socket);
  void ArmTimer(TimePoint when);
  bool OnOwnThread() const { return std::this_thread::get_id() == own_thread_.load(std::memory_order_relaxed); }

  void OnTlsBegins(flow::ConnectionId id, std::optional<Duration> rtt) override;
  void OnTlsVerified(flow::ConnectionId id, flow::TlsIdentities peer) override;
  void OnConnected(flow::ConnectionId id, const Endpoint& local, std::optional<Duration> rtt) override;
  void OnReceived(flow::ConnectionId id, std::span<const sip::MessageFramer::Item> items) override;
  void OnQueueChanged(flow::ConnectionId id) override;
  void OnEnded(flow::ConnectionId id, const Failure& failure) override;

  void OnDatagrams(std::uint16_t listener, std::span<const net::Datagram> datagrams) override;
  void OnUnreachable(std::uint16_t listener, const Endpoint& remote, const Failure& failure) override;
  void OnUnsent(std::size_t count) override;
  void OnUnread(std::size_t count) override;

  BrokerState& state_;
  const Clock& clock_;
  const DnsAnswered dns_answered_;

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  boost::asio::steady_timer timer_{io_};
  net::CaresDnsClient dns_;
  net::SystemRandom random_;
  net::RouteSourceSelector sources_;
  net::ShardSockets sockets_shared_;
  std::unordered_map<flow::ConnectionId, Socket> sockets_;
  std::map<std::uint16_t, std::unique_ptr<net::DatagramListener>> datagram_listeners_;

  TimePoint timer_set_to_ = kNever;
  bool draining_ = false;

  mutable std::mutex mutex_;
  ShardCore core_;                    // under mutex_
  std::vector<IoAction> pending_io_;  // under mutex_
  std::size_t handover_octets_ = 0;   // under mutex_: in pending_io_
  bool drain_posted_ = false;         // under mutex_
  TimePoint armed_at_ = kNever;       // under mutex_

  std::atomic<std::thread::id> own_thread_{};
  std::thread thread_;
};

/// The one that owns the flow; null for an id that none of them can have made.
inline Shard* ShardOf(const std::vector<std::unique_ptr<Shard>>& shards, const flow::FlowId& id) {
  return id.shard() < shards.size() ? shards[id.shard()].get() : nullptr;
}

}  // namespace flowbroker::engine
