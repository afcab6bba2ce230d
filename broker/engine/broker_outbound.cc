#include "broker/engine/broker_outbound.h"

#include <boost/asio/post.hpp>
#include <chrono>

#include "broker/engine/destination_key.h"

namespace flowbroker::engine {

BrokerOutbound::BrokerOutbound(BrokerState& state, const Clock& clock, const Shards& shards)
    : clock_(clock),
      shards_(shards),
      open_timeout_(state.options.outbound.open_timeout),
      timer_(shards.front()->io()),
      sets_(state.options.outbound, state.options.tenant_share, state.observer, random_) {
  state.on_held_closed = [this](const flow::FlowId& flow, const Failure& failure) { OnFlowClosed(flow, failure); };
}

void BrokerOutbound::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

void BrokerOutbound::Ensure(FlowSetRequest request, FlowSetCallback done) {
  auto set = Decided([&](TimePoint now) { return sets_.Ensure(std::move(request), now); });
  if (!set) return done(Unexpected(set.error()));
  WhenKept([set = *std::move(set), done = std::move(done)](const Expected<void>& kept) {
    if (kept) return done(set);
    done(Unexpected(kept.error()));
  });
}

Expected<FlowSetView> BrokerOutbound::Get(const std::string& tenant, const std::string& name) {
  const std::lock_guard lock(mutex_);
  return sets_.Get(tenant, name);
}

std::vector<FlowSetView> BrokerOutbound::List(std::optional<std::uint64_t> after, std::size_t count,
                                              const flow::Scope& scope) {
  const std::lock_guard lock(mutex_);
  return sets_.List(after, count, scope);
}

void BrokerOutbound::Delete(const std::string& tenant, const std::string& name, DeletedCallback done) {
  const auto deleted = Decided([&](TimePoint now) { return sets_.Delete(tenant, name, now); });
  if (!deleted) return done(deleted);
  WhenKept(std::move(done));
}

void BrokerOutbound::WhenKept(FlowSetsKept done) {
  FlowSetStore store;
  {
    const std::lock_guard lock(mutex_);
    store = store_;
  }
  if (store) return store(std::move(done));
  done({});
}

Expected<void> BrokerOutbound::Restore(std::vector<outbound::FlowSetSpec> specs) {
  return Decided([&](TimePoint now) { return sets_.Restore(std::move(specs), now); });
}

FlowSetSpecs BrokerOutbound::Specs() const {
  const std::lock_guard lock(mutex_);
  return sets_.Specs();
}

void BrokerOutbound::KeepIn(FlowSetStore store) {
  const std::lock_guard lock(mutex_);
  store_ = std::move(store);
}

Expected<void> BrokerOutbound::Report(const std::string& tenant, const std::string& name,
                                      const RegistrationReport& report) {
  return Decided([&](TimePoint now) { return sets_.Report(tenant, name, report, now); });
}

Expected<std::unique_ptr<EventSubscription>> BrokerOutbound::Watch(std::optional<std::uint64_t> after_sequence,
                                                                   const std::string& tenant, const std::string& name,
                                                                   EventSink sink) {
  const std::lock_guard lock(mutex_);  // nothing is told between the snapshot and the first event
  auto set = sets_.Get(tenant, name);
  if (!set) return Unexpected(set.error());
  auto& events = sets_.events();
  if (!after_sequence) {
    sink({.sequence = events.latest(),
          .time = clock_.Now(),
          .kind = FlowSetEventKind::kSnapshot,
          .tenant = tenant,
          .name = name,
          .set = *std::move(set)});
  }
  const auto id = events.Subscribe(after_sequence, tenant, [name, sink = std::move(sink)](const FlowSetEvent& event) {
    if (event.name == name) sink(event);
  });
  if (!id) return std::unique_ptr<EventSubscription>();
  return std::unique_ptr<EventSubscription>(std::make_unique<LogSubscription<FlowSetEvent>>(events, *id));
}

void BrokerOutbound::Conclude(std::unique_lock<std::mutex> lock) {
  auto orders = sets_.TakeOrders();
  if (stopped_) orders.clear();
  const TimePoint next = stopped_ ? kNever : sets_.NextDeadline();
  const bool arm = next < armed_at_;
  if (arm) armed_at_ = next;
  lock.unlock();
  if (arm) boost::asio::post(shards_.front()->io(), [this] { ArmTimer(); });
  for (const FlowSetOrder& order : orders) {
    if (const auto* open = std::get_if<outbound::OpenFlow>(&order.action)) {
      Open(order, *open);
    } else {
      Close(std::get<outbound::CloseFlow>(order.action).flow);
    }
  }
}

void BrokerOutbound::Open(const FlowSetOrder& order, const outbound::OpenFlow& open) {
  const AcquireRequest request = RequestFor(order, open, clock_.Now() + open_timeout_);
  std::string buffer;
  const std::string_view key = WriteDestinationKey(request, buffer);
  // Held flows are nobody else's: those to one proxy need not be in one shard.
  shards_[order.set % shards_.size()]->WithCore([&](ShardCore& core, TimePoint now) {
    core.acquisitions().Start(
        request, key, [this, order](const AcquireResult& result) { OnAcquired(order, result.flow); }, now);
  });
}

void BrokerOutbound::Close(const flow::FlowId& flow) {
  ShardOf(shards_, flow)->WithCore([&](ShardCore& core, TimePoint now) {
    core.flows().Close(flow, {}, {FailureReason::kClosedByOwner, "its flow set gave it up"}, now);
  });
}

bool BrokerOutbound::IsOpen(const flow::FlowId& flow) const {
  return ShardOf(shards_, flow)->Inspect([&](const ShardCore& core) {
    return core.flows().pool().Find(flow) != nullptr;
  });
}

void BrokerOutbound::OnAcquired(const FlowSetOrder& order, const Expected<AcquiredFlow>& flow) {
  Decided([&](TimePoint now) {
    if (!stopped_) sets_.OnAcquired(order, flow, now);
  });
  // It may have ended before its set knew of it: then nobody was there to be told.
  if (flow && !IsOpen(flow->id)) OnFlowClosed(flow->id, {FailureReason::kClosedByPeer, "as soon as it was open"});
}

void BrokerOutbound::OnFlowClosed(const flow::FlowId& flow, const Failure& failure) {
  Decided([&](TimePoint now) {
    if (!stopped_) sets_.OnFlowClosed(flow, failure, now);
  });
}

void BrokerOutbound::ArmTimer() {
  TimePoint when = kNever;
  {
    const std::lock_guard lock(mutex_);
    when = armed_at_;
  }
  timer_.expires_at(std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(when.time_since_epoch())));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;  // armed anew
    Decided([this](TimePoint now) {
      armed_at_ = kNever;  // so that Conclude arms it for whatever is next
      if (!stopped_) sets_.OnTimer(now);
    });
  });
}

}  // namespace flowbroker::engine
