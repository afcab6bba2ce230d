#include "broker/engine/shard.h"

#include <boost/asio/post.hpp>
#include <iterator>
#include <utility>

namespace flowbroker::engine {
namespace {

namespace asio = boost::asio;

net::CaresDnsClientOptions DnsClientOptions(const BrokerOptions& options) {
  return {.servers = options.dns.servers,
          .timeout = options.dns.timeout,
          .tries = options.dns.tries,
          .max_in_flight = options.dns.max_in_flight,
          .tenant_share = options.tenant_share};
}

}  // namespace

Shard::Shard(std::uint8_t index, BrokerState& state, const Clock& clock, std::shared_ptr<net::TlsContext> tls,
             DnsAnswered dns_answered)
    : state_(state),
      clock_(clock),
      dns_answered_(std::move(dns_answered)),
      dns_(io_, DnsClientOptions(state.options)),
      sockets_shared_{.io = io_,
                      .clock = clock,
                      .listener = *this,
                      .framing = state.options.framing,
                      .accepted_framing = state.options.edge.framing,
                      .accepted_message_time = state.options.edge.first_message_timeout,
                      .max_partial_octets = state.options.edge.max_partial_octets / state.options.shards,
                      .tls = std::move(tls)},
      core_(index, state, sources_, random_) {}

Shard::~Shard() {
  Stop();
}

void Shard::Start() {
  thread_ = std::thread([this] {
    own_thread_ = std::this_thread::get_id();
    io_.run();
  });
}

void Shard::Stop() {
  if (!thread_.joinable()) return;
  WithCore([](ShardCore& core, TimePoint now) { core.Stop(now); });
  asio::post(io_, [this] {  // behind the closes that the core has just asked for
    Drain();
    for (auto& [id, socket] : sockets_) socket.connection->Close();
    sockets_.clear();
    for (auto& [number, listener] : datagram_listeners_) listener->Close();
    timer_.cancel();
    work_.reset();
    io_.stop();
  });
  thread_.join();
}

void Shard::Conclude(std::unique_lock<std::mutex> lock) {
  ShardActions actions = core_.TakeActions();
  std::ranges::move(actions.io, std::back_inserter(pending_io_));
  handover_octets_ += actions.send_octets;
  core_.relay().NoteHandover(handover_octets_);
  const TimePoint next = core_.NextDeadline();
  const bool arm = next < armed_at_;
  if (arm) armed_at_ = next;
  const bool io_waits = !pending_io_.empty();
  const bool own_thread = OnOwnThread();
  const bool post = (io_waits || arm) && !own_thread && !std::exchange(drain_posted_, drain_posted_ || io_waits || arm);
  lock.unlock();
  if (own_thread) {
    if (arm) ArmTimer(next);
    if (io_waits && !draining_) Drain();  // else the Drain under way posts another
  } else if (post) {
    asio::post(io_, [this] { Drain(); });
  }
  for (auto& call : actions.calls) call();
}

void Shard::Drain() {
  std::unique_lock lock(mutex_);
  drain_posted_ = false;
  auto io = std::exchange(pending_io_, {});
  handover_octets_ = 0;
  core_.relay().NoteHandover(0);
  const TimePoint when = armed_at_;
  lock.unlock();
  ArmTimer(when);
  draining_ = true;  // what these actions lead to comes after them, and after the sockets had their turn
  for (IoAction& action : io) CarryOut(action);
  for (auto& [number, listener] : datagram_listeners_) listener->Flush();
  draining_ = false;
  lock.lock();
  if (!pending_io_.empty() && !std::exchange(drain_posted_, true)) asio::post(io_, [this] { Drain(); });
}

void Shard::ArmTimer(TimePoint when) {
  if (when == timer_set_to_) return;
  timer_set_to_ = when;
  timer_.expires_at(std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(when.time_since_epoch())));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;  // armed anew
    timer_set_to_ = kNever;
    std::unique_lock lock(mutex_);
    core_.OnTimer(clock_.Now());
    armed_at_ = kNever;  // so that Conclude arms it for whatever is next
    Conclude(std::move(lock));
  });
}

void Shard::CarryOut(IoAction& action) {
  std::visit([this](auto& one) { Do(one); }, action);
}

void Shard::Do(OpenConnection& open) {
  sockets_.emplace(open.id, Socket{net::Connect(sockets_shared_, open.id, open.spec)});
}

void Shard::Do(CloseConnection& close) {
  if (const auto socket = sockets_.extract(close.id)) socket.mapped().connection->Close();
}

void Shard::Do(SendBytes& send) {
  const auto socket = sockets_.find(send.id);
  if (socket == sockets_.end()) return;
  socket->second.connection->Send(send.bytes);
  ReportQueue(send.id, socket->second);
}

void Shard::Do(SendDatagram& send) {
  const auto listener = datagram_listeners_.find(send.listener);
  if (listener != datagram_listeners_.end()) listener->second->Send(send.remote, std::move(send.bytes));
}

void Shard::Do(PauseReading& pause) {
  if (const auto socket = sockets_.find(pause.id); socket != sockets_.end()) socket->second.connection->PauseReading();
}

void Shard::Do(ResumeReading& resume) {
  if (const auto socket = sockets_.find(resume.id); socket != sockets_.end()) {
    socket->second.connection->ResumeReading();
  }
}

void Shard::Do(HandOver& hand_over) {
  const flow::ConnectionId id = hand_over.id;
  const auto socket = sockets_.find(id);
  if (socket == sockets_.end()) return hand_over.taken(Unexpected({FailureReason::kClosedByOwner, ""}));
  auto descriptor = socket->second.connection->HandOver();
  if (!descriptor) {
    socket->second.connection->Close();
    OnEnded(id, descriptor.error());
  } else {
    sockets_.erase(socket);
    WithCore([id](ShardCore& core, TimePoint now) { core.OnHandedOver(id, now); });
  }
  hand_over.taken(std::move(descriptor));
}

void Shard::Do(AskDns& ask) {
  const TimePoint asked = clock_.Now();
  dns_.Query(ask.question, ask.tenant, [this, question = ask.question, asked](dns::RecordSet records) {
    const TimePoint now = clock_.Now();
    state_.observer.OnDnsAnswer(question, records.status, now - asked);
    const SharedResolver::Ended ended = state_.resolver.End(question, std::move(records), now);
    if (ended.answer.origin == location::AnswerOrigin::kStale) state_.observer.OnDnsLookup(DnsLookup::kStale);
    dns_answered_(question, ended);
  });
}

void Shard::ReportQueue(flow::ConnectionId id, Socket& socket) {
  const std::size_t octets = socket.connection->queued();
  if (octets == 0 && !socket.queue_reported) return;
  socket.queue_reported = octets > 0;
  WithCore([id, octets](ShardCore& core, TimePoint) { core.OnQueued(id, octets); });
}

void Shard::PostDnsAnswer(const dns::Question& question, const SharedResolver::Answer& answer) {
  asio::post(io_, [this, question, answer] {
    WithCore([&](ShardCore& core, TimePoint now) { core.OnDnsAnswer(question, answer, now); });
  });
}

void Shard::Ping(std::function<void()> answered) {
  asio::post(io_, [this, answered = std::move(answered)] {
    {
      const std::lock_guard lock(mutex_);
    }
    answered();
  });
}

void Shard::PostNetworksChanged() {
  asio::post(io_, [this] { WithCore([](ShardCore& core, TimePoint now) { core.flows().OnNetworksChanged(now); }); });
}

void Shard::PostTlsContext(std::shared_ptr<net::TlsContext> tls) {
  asio::post(io_, [this, tls = std::move(tls)] { sockets_shared_.tls = tls; });
}

Expected<void> Shard::ListenForDatagrams(std::uint16_t listener, const Endpoint& local) {
  auto opened = net::DatagramListener::Open(io_, listener, local, *this);
  if (!opened) return Unexpected(opened.error());
  core_.datagrams().AddListener(listener, local);
  const auto place = datagram_listeners_.emplace(listener, std::move(*opened)).first;
  asio::post(io_, [&added = *place->second] { added.Start(); });
  return {};
}

void Shard::PostAccepted(std::uint16_t listener, net::AcceptedSocket accepted) {
  asio::post(io_, [this, listener, accepted = std::move(accepted)]() mutable {
    const flow::ConnectionId id =
        WithCore([&](ShardCore& core, TimePoint now) { return core.OnAccepted(listener, accepted.remote, now); });
    const Transport transport = state_.options.edge.listeners.at(listener).transport;
    sockets_.emplace(id, Socket{net::Adopt(sockets_shared_, id, std::move(accepted), transport)});
  });
}

void Shard::OnTlsBegins(flow::ConnectionId id, std::optional<Duration> rtt) {
  WithCore([&](ShardCore& core, TimePoint now) { core.OnTlsBegins(id, rtt, now); });
}

void Shard::OnTlsVerified(flow::ConnectionId id, flow::TlsIdentities peer) {
  WithCore([&](ShardCore& core, TimePoint) { core.OnTlsVerified(id, std::move(peer)); });
}

void Shard::OnConnected(flow::ConnectionId id, const Endpoint& local, std::optional<Duration> rtt) {
  WithCore([&](ShardCore& core, TimePoint now) { core.OnConnected(id, local, rtt, now); });
}

void Shard::OnReceived(flow::ConnectionId id, std::span<const sip::MessageFramer::Item> items) {
  WithCore([&](ShardCore& core, TimePoint now) { core.OnReceived(id, items, now); });
}

void Shard::OnQueueChanged(flow::ConnectionId id) {
  if (const auto socket = sockets_.find(id); socket != sockets_.end()) ReportQueue(id, socket->second);
}

void Shard::OnEnded(flow::ConnectionId id, const Failure& failure) {
  sockets_.erase(id);
  WithCore([&](ShardCore& core, TimePoint now) { core.OnEnded(id, failure, now); });
}

void Shard::OnDatagrams(std::uint16_t listener, std::span<const net::Datagram> datagrams) {
  WithCore([&](ShardCore& core, TimePoint now) { core.datagrams().OnDatagrams(listener, datagrams, now); });
}

void Shard::OnUnreachable(std::uint16_t listener, const Endpoint& remote, const Failure& failure) {
  WithCore([&](ShardCore& core, TimePoint now) { core.datagrams().OnUnreachable(listener, remote, failure, now); });
}

void Shard::OnUnsent(std::size_t count) {
  state_.observer.OnDatagramsUnsent(count);
}

void Shard::OnUnread(std::size_t count) {
  state_.observer.OnDatagramsUnread(count);
}

}  // namespace flowbroker::engine
