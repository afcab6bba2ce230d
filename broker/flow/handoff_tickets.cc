#include "broker/flow/handoff_tickets.h"

#include "broker/base/base64url.h"
#include "broker/base/constant_time.h"

namespace flowbroker::flow {
namespace {

constexpr std::size_t kSelectorAt = 1;  // behind the shard's octet
constexpr std::size_t kSelectorOctets = 8;

}  // namespace

HandoffTicket HandoffTicket::Make(std::uint8_t shard, RandomSource& random) {
  HandoffTicket ticket;
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < ticket.octets_.size(); ++i, bits >>= 8U) {
    if (i % 8 == 0) bits = random.NextBits();
    ticket.octets_[i] = static_cast<std::uint8_t>(bits);
  }
  ticket.octets_[0] = shard;
  return ticket;
}

std::optional<HandoffTicket> HandoffTicket::Parse(std::string_view text) {
  HandoffTicket ticket;
  return DecodeBase64Url(text, ticket.octets_) ? std::optional(ticket) : std::nullopt;
}

std::string HandoffTicket::ToString() const {
  return EncodeBase64Url(octets_);
}

std::uint64_t HandoffTicket::selector() const {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < kSelectorOctets; ++i) bits = bits << 8U | octets_[kSelectorAt + i];
  return bits;
}

bool HandoffTicket::Equals(const HandoffTicket& other) const {
  return EqualInConstantTime(octets_, other.octets_);
}

const HandoffTickets::Issued& HandoffTickets::Issue(const FlowId& flow, RandomSource& random, TimePoint now) {
  HandoffTicket ticket = HandoffTicket::Make(flow.shard(), random);
  while (flows_.contains(ticket.selector())) ticket = HandoffTicket::Make(flow.shard(), random);
  const TimePoint until = now + life_;
  flows_.emplace(ticket.selector(), flow);
  order_.emplace_back(until, ticket.selector());
  return of_flow_.insert_or_assign(flow, Issued{ticket, until}).first->second;
}

const HandoffTickets::Issued* HandoffTickets::Of(const FlowId& flow) const {
  const auto issued = of_flow_.find(flow);
  return issued == of_flow_.end() ? nullptr : &issued->second;
}

std::optional<FlowId> HandoffTickets::Redeem(const HandoffTicket& ticket, TimePoint now) {
  const auto found = flows_.find(ticket.selector());
  if (found == flows_.end()) return std::nullopt;
  const FlowId flow = found->second;
  const Issued& issued = of_flow_.at(flow);
  if (!issued.ticket.Equals(ticket) || issued.valid_until <= now) return std::nullopt;
  Forget(flow);
  return flow;
}

void HandoffTickets::Forget(const FlowId& flow) {
  const auto issued = of_flow_.find(flow);
  if (issued == of_flow_.end()) return;
  flows_.erase(issued->second.ticket.selector());
  of_flow_.erase(issued);
}

std::optional<FlowId> HandoffTickets::TakeExpired(TimePoint now) {
  while (!order_.empty() && order_.front().first <= now) {
    const auto found = flows_.find(order_.front().second);
    order_.pop_front();
    if (found == flows_.end()) continue;  // redeemed, or its flow has ended
    const FlowId flow = found->second;
    Forget(flow);
    return flow;
  }
  return std::nullopt;
}

}  // namespace flowbroker::flow
