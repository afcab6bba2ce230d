#include "tests/unit/service/fake_broker.h"

#include <array>
#include <chrono>
#include <utility>

namespace flowbroker::engine {
namespace {

FakeBroker* last = nullptr;

/// Fills an id with one number.
class OneNumber final : public RandomSource {
 public:
  explicit OneNumber(std::uint8_t number) : bits_(0x0101010101010101ULL * number) {}
  std::uint64_t NextBits() override { return bits_; }

 private:
  std::uint64_t bits_;
};

Target TargetOf() {
  return {{*IpAddress::Parse("192.0.2.1"), 5060}, Transport::kTcp};
}

Trace TraceOf() {
  return {TimePoint(std::chrono::seconds(1)),
          {{.what = TraceWhat::kAttempt,
            .start = TimePoint(std::chrono::seconds(1)),
            .end = TimePoint(std::chrono::seconds(2)),
            .subject = "TCP 192.0.2.1:5060",
            .outcome = TraceOutcome::kFailed,
            .reason = "",
            .target = TargetOf(),
            .failure = FailureReason::kTimedOut}}};
}

AcquireResult Success() {
  return {AcquiredFlow{.id = FakeBroker::KnownFlow(),
                       .remote = TargetOf(),
                       .local = {*IpAddress::Parse("192.0.2.9"), 40000},
                       .source = FlowSource::kPooled,
                       .timers = {std::chrono::milliseconds(100), std::chrono::seconds(6), std::chrono::seconds(6)}},
          TraceOf()};
}

AcquireResult Failed(FailureReason reason) {
  return {Unexpected({reason, ""}), TraceOf()};
}

}  // namespace

bool Eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

FakeBroker::FakeBroker() : thread_([this] { Run(); }) {
  last = this;
}

FakeBroker::~FakeBroker() {
  Stop();
  last = nullptr;
}

FakeBroker& FakeBroker::Last() {
  return *last;
}

flow::FlowId FakeBroker::MakeFlow(std::uint8_t number) {
  OneNumber random(number);
  return flow::FlowId::Make(0, random);
}

FlowView FakeBroker::ViewOf(const flow::FlowId& id) {
  return {.id = id,
          .remote = TargetOf(),
          .local = {*IpAddress::Parse("192.0.2.9"), 40000},
          .open = true,
          .probing = false,
          .exclusive = false,
          .tls_identity = "",
          .owner = {.client_group = "group"},
          .opened = {},
          .last_activity = {},
          .messages_sent = 0,
          .messages_received = 0,
          .smoothed_rtt = {}};
}

void FakeBroker::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

void FakeBroker::Post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void FakeBroker::Stop() {
  std::map<std::uint64_t, AcquireCallback> waiting;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting.swap(waiting_);
  }
  for (const auto& [number, done] : waiting) done(Failed(FailureReason::kShuttingDown));
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::optional<RequestHandle> FakeBroker::Acquire(const AcquireRequest& request, AcquireCallback done) {
  const auto* const uri = std::get_if<sip::SipUri>(&request.destination.to);
  const std::string user = uri == nullptr ? "pooled" : uri->user;
  if (user == "pooled") {
    done(Success());
    return std::nullopt;
  }
  const RequestHandle handle{0, Locked([&] { return next_++; })};
  if (user == "later" || user == "fail") {
    Post([done, user] { done(user == "later" ? Success() : Failed(FailureReason::kTimedOut)); });
  } else {
    Locked([&] { return waiting_.emplace(handle.number, done).second; });
  }
  return handle;
}

void FakeBroker::Cancel(RequestHandle handle) {
  AcquireCallback done;
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(handle.number);
    if (found == waiting_.end()) return;
    done = std::move(found->second);
    waiting_.erase(found);
    ++cancelled_;
  }
  Post([done] { done(Failed(FailureReason::kCancelled)); });
}

Expected<void> FakeBroker::Release(const flow::FlowId& id, const flow::Scope& scope) {
  Note("Release", scope);
  if (id != KnownFlow()) return Unexpected({FailureReason::kUnknownFlow, ""});
  return {};
}

std::optional<FlowView> FakeBroker::Get(const flow::FlowId& id, const flow::Scope& scope) const {
  Note("GetFlow", scope);
  if (id != KnownFlow()) return std::nullopt;
  return ViewOf(id);
}

std::vector<FlowView> FakeBroker::List(std::optional<flow::FlowId> after, std::size_t count,
                                       const flow::Scope& scope) const {
  Note("ListFlows", scope);
  std::vector<FlowView> flows;
  for (std::uint8_t i = 1; i <= 5 && flows.size() < count; ++i) {
    if (!after || MakeFlow(i) > *after) flows.push_back(ViewOf(MakeFlow(i)));
  }
  return flows;
}

void FakeBroker::Probe(const flow::FlowId& /*id*/, const flow::Scope& scope, TimePoint /*deadline*/,
                       ProbeCallback done) {
  Note("ProbeFlow", scope);
  done(ProbeResult{true, std::chrono::milliseconds(3), "CRLF"});
}

Expected<void> FakeBroker::SetKeepAlive(const flow::FlowId& id, const flow::Scope& scope, flow::KeepAliveMethod method,
                                        std::optional<Duration> flow_timer) {
  Note("SetKeepAlive", scope);
  if (id != KnownFlow()) return Unexpected({FailureReason::kUnknownFlow, ""});
  Locked([&] { keep_alive_ = {method, flow_timer}; });
  return {};
}

bool FakeBroker::Report(const TransactionReport& report, const flow::Scope& scope) {
  Note("ReportOutcome", scope);
  return report.flow == KnownFlow();
}

RelayId FakeBroker::AttachRelay(std::string /*group*/, std::shared_ptr<RelaySink> sink) {
  const std::lock_guard lock(mutex_);
  const RelayId id = next_++;
  relays_[id].sink = std::move(sink);
  return id;
}

void FakeBroker::Note(std::string call, const flow::Scope& scope) const {
  const std::lock_guard lock(mutex_);
  seen_.push_back({std::move(call), scope});
}

void FakeBroker::DetachRelay(RelayId relay) {
  const std::lock_guard offers(relay_mutex_);
  const std::lock_guard lock(mutex_);
  relays_.erase(relay);
}

void FakeBroker::ResumeRelay(RelayId relay) {
  Post([this, relay] { Deliver(relay); });
}

std::vector<ConnectionBroker::SendRefusal> FakeBroker::Send(RelayId relay, std::span<const OutboundMessage> messages) {
  std::vector<ConnectionBroker::SendRefusal> refusals;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].flow != KnownFlow()) {
      refusals.push_back({i, {FailureReason::kUnknownFlow, ""}});
      continue;
    }
    const std::lock_guard lock(mutex_);
    relays_[relay].inbound.push_back({messages[i].flow, std::string(messages[i].bytes)});
  }
  Post([this, relay] { Deliver(relay); });
  return refusals;
}

void FakeBroker::Deliver(RelayId relay) {
  const std::lock_guard offers(relay_mutex_);
  while (true) {
    std::shared_ptr<RelaySink> sink;
    InboundMessage message{KnownFlow(), ""};
    {
      const std::lock_guard lock(mutex_);
      const auto found = relays_.find(relay);
      if (found == relays_.end() || found->second.inbound.empty()) return;
      sink = found->second.sink;
      message = std::move(found->second.inbound.front());
      found->second.inbound.pop_front();
    }
    if (sink->Offer(message)) continue;
    const std::lock_guard lock(mutex_);
    ++held_back_;
    relays_[relay].inbound.push_front(std::move(message));
    return;
  }
}

std::unique_ptr<EventSubscription> FakeBroker::Watch(std::optional<std::uint64_t> /*after_sequence*/,
                                                     std::optional<std::string> /*tenant*/, EventSink sink) {
  struct Subscription final : EventSubscription {
    Subscription(FakeBroker& b, std::uint64_t n) : broker(b), number(n) {}
    ~Subscription() override {
      const std::lock_guard offers(broker.relay_mutex_);
      const std::lock_guard lock(broker.mutex_);
      broker.watchers_.erase(number);
    }
    FakeBroker& broker;
    std::uint64_t number;
  };
  if (events_gone) return nullptr;
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = next_++;
  watchers_.emplace(number, std::move(sink));
  return std::make_unique<Subscription>(*this, number);
}

void FakeBroker::Emit(std::uint64_t sequence) {
  const std::lock_guard offers(relay_mutex_);
  const auto watchers = Locked([&] { return watchers_; });
  const FlowEvent event{
      .sequence = sequence, .time = {}, .kind = FlowEventKind::kOpened, .flow = ViewOf(KnownFlow()), .failure = {}};
  for (const auto& [number, sink] : watchers) sink(event);
}

// The facade, as far as the RPC side uses it.

class ConnectionBroker::Impl : public FakeBroker {};

Expected<std::unique_ptr<ConnectionBroker>> ConnectionBroker::Create(BrokerOptions /*options*/, BrokerObserver*) {
  return std::unique_ptr<ConnectionBroker>(new ConnectionBroker(std::make_unique<Impl>()));
}
ConnectionBroker::ConnectionBroker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ConnectionBroker::~ConnectionBroker() = default;
TimePoint ConnectionBroker::Now() const {
  return TimePoint(std::chrono::steady_clock::now().time_since_epoch());
}
std::optional<AcquireResult> ConnectionBroker::AcquirePooled(const AcquireRequest& request) {
  impl_->Note("AcquirePooled", request.owner);
  const auto* const uri = std::get_if<sip::SipUri>(&request.destination.to);
  if (uri != nullptr && uri->user != "pooled") return std::nullopt;
  return Success();
}
std::optional<RequestHandle> ConnectionBroker::Acquire(AcquireRequest request, AcquireCallback done) {
  impl_->Note("Acquire", request.owner);
  return impl_->Acquire(request, std::move(done));
}
void ConnectionBroker::Cancel(RequestHandle handle) {
  impl_->Cancel(handle);
}
bool ConnectionBroker::Warm(AcquireRequest request) {
  impl_->Note("Warm", request.owner);
  return true;
}
void ConnectionBroker::Resolve(const std::string& /*tenant*/, Destination /*destination*/, TimePoint /*deadline*/,
                               ResolveCallback done) {
  done({Unexpected({FailureReason::kNoSuchName, ""}), kNever, TraceOf()});
}
FlowAccess& ConnectionBroker::flows() {
  return *impl_;
}
EdgeAccess& ConnectionBroker::edge() {
  return impl_->edge;
}
OutboundAccess& ConnectionBroker::outbound() {
  return impl_->outbound;
}
void ConnectionBroker::CloseEdge() {}
Expected<void> ConnectionBroker::ReloadTokenKeys() {
  return {};
}
std::vector<flow::EdgeListener> ConnectionBroker::edge_listening() const {
  return {};
}
RelayId ConnectionBroker::AttachRelay(flow::Owner owner, std::shared_ptr<RelaySink> sink) {
  impl_->Note("AttachRelay", owner);
  return impl_->AttachRelay(owner.client_group, std::move(sink));
}
void ConnectionBroker::DetachRelay(RelayId relay) {
  impl_->DetachRelay(relay);
}
void ConnectionBroker::ResumeRelay(RelayId relay) {
  impl_->ResumeRelay(relay);
}
std::vector<ConnectionBroker::SendRefusal> ConnectionBroker::Send(RelayId relay,
                                                                  std::span<const OutboundMessage> messages) {
  return impl_->Send(relay, messages);
}
HistoryAccess& ConnectionBroker::history() {
  return impl_->memory;
}
void ConnectionBroker::Stop() {
  impl_->Stop();
}

}  // namespace flowbroker::engine
