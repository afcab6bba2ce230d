#include "broker/flow/datagram_flows.h"

#include <algorithm>

#include "broker/base/base64url.h"
#include "broker/base/constant_time.h"

namespace flowbroker::flow {
namespace {

IpAddress Unmapped(const std::array<std::uint8_t, 16>& octets) {
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (!std::equal(kMapped.begin(), kMapped.end(), octets.begin())) return IpAddress::FromIpv6(octets);
  return IpAddress::FromIpv4({octets[12], octets[13], octets[14], octets[15]});
}

constexpr std::size_t kIndexOctets = 4;

}  // namespace

DatagramFlows::DatagramFlows(std::uint8_t shard, const DatagramFlowOptions& options, RandomSource& random)
    : shard_(shard), options_(options), address_hash_(random), id_hash_(random), question_hash_(random) {}

std::uint32_t DatagramFlows::HashOf(std::uint16_t listener, const Endpoint& remote) const {
  const auto octets = HashedOctets<20>().Add(remote.address.MappedOctets()).Add(remote.port).Add(listener);
  return static_cast<std::uint32_t>(address_hash_(octets.view()));
}

RecordIndex DatagramFlows::Find(std::uint16_t listener, const Endpoint& remote, std::uint32_t hash) const {
  const auto octets = remote.address.MappedOctets();
  return by_address_.Find(hash, [&](RecordIndex at) {
    const Record& record = records_[at];
    return record.remote == octets && record.remote_port == remote.port && record.listener == listener;
  });
}

void DatagramFlows::Prefetch(std::span<const std::uint32_t> hashes) const {
  for (const std::uint32_t hash : hashes) by_address_.PrefetchHead(hash);
  for (const std::uint32_t hash : hashes) {
    const RecordIndex first = by_address_.PrefetchFirst(hash);
    if (first != kNoRecord) __builtin_prefetch(&records_[first]);
  }
}

RecordIndex DatagramFlows::Find(const FlowId& id) const {
  if (id.shard() != shard_) return kNoRecord;
  RecordIndex index = 0;
  for (std::size_t i = 1; i <= kIndexOctets; ++i) index = index << 8U | id.octets()[i];
  if (index >= records_.size() || !records_[index].open) return kNoRecord;
  return IdOf(index) == id ? index : kNoRecord;
}

FlowId DatagramFlows::IdOf(RecordIndex index) const {
  const Record& record = records_[index];
  const std::uint64_t hash = id_hash_(HashedOctets<28>()
                                          .Add(record.remote)
                                          .Add(record.remote_port)
                                          .Add(record.listener)
                                          .Add(index)
                                          .Add(record.generation)
                                          .view());
  std::array<std::uint8_t, 16> octets{shard_};
  for (std::size_t i = 0; i < kIndexOctets; ++i) octets[1 + i] = static_cast<std::uint8_t>(index >> (24 - 8 * i));
  for (std::size_t i = 0; i < 3; ++i) octets[5 + i] = static_cast<std::uint8_t>(record.generation >> (16 - 8 * i));
  for (std::size_t i = 0; i < 8; ++i) octets[8 + i] = static_cast<std::uint8_t>(hash >> (56 - 8 * i));
  return FlowId::FromOctets(octets);
}

std::vector<FlowId> DatagramFlows::IdsAfter(const std::optional<FlowId>& after, std::size_t count,
                                            const std::function<bool(RecordIndex)>& wanted) const {
  std::vector<FlowId> ids;
  std::size_t index = 0;
  if (after && after->shard() > shard_) return ids;
  if (after && after->shard() == shard_) {
    for (std::size_t i = 1; i <= kIndexOctets; ++i) index = index << 8U | after->octets()[i];
  }
  for (; index < records_.size() && ids.size() < count; ++index) {
    const auto place = static_cast<RecordIndex>(index);
    if (!records_[place].open || !wanted(place)) continue;
    const FlowId id = IdOf(place);
    if (!after || id > *after) ids.push_back(id);
  }
  return ids;
}

std::uint32_t DatagramFlows::SecondOf(TimePoint when) const {
  return static_cast<std::uint32_t>((when - epoch_.value_or(when)) / std::chrono::seconds(1));
}

std::array<std::uint8_t, 12> DatagramFlows::QuestionAt(RecordIndex index, std::uint32_t second) const {
  const Record& record = records_[index];
  const std::uint64_t hash = question_hash_(HashedOctets<32>()
                                                .Add(record.remote)
                                                .Add(record.remote_port)
                                                .Add(record.listener)
                                                .Add(index)
                                                .Add(record.generation)
                                                .Add(second)
                                                .view());
  std::array<std::uint8_t, 12> octets{};
  for (std::size_t i = 0; i < 4; ++i) octets[i] = static_cast<std::uint8_t>(second >> (24 - 8 * i));
  for (std::size_t i = 0; i < 8; ++i) octets[4 + i] = static_cast<std::uint8_t>(hash >> (56 - 8 * i));
  return octets;
}

std::string DatagramFlows::QuestionOf(RecordIndex index, TimePoint now) const {
  return EncodeBase64Url(QuestionAt(index, SecondOf(now)));
}

bool DatagramFlows::IsQuestionTo(RecordIndex index, std::string_view text, TimePoint now) const {
  constexpr std::uint32_t kAnswerSeconds = 32;
  std::array<std::uint8_t, 12> octets{};
  if (!DecodeBase64Url(text, octets)) return false;
  std::uint32_t second = 0;
  for (std::size_t i = 0; i < 4; ++i) second = second << 8U | octets[i];
  if (SecondOf(now) - second > kAnswerSeconds) return false;  // or of the future, which is more
  return EqualInConstantTime(octets, QuestionAt(index, second));
}

DatagramFlows::Facts DatagramFlows::FactsOf(RecordIndex index) const {
  const Record& record = records_[index];
  return {.listener = record.listener,
          .remote = {Unmapped(record.remote), record.remote_port},
          .opened = epoch_.value_or(TimePoint{}) + std::chrono::seconds(record.opened_second),
          .last_heard = record.last_heard,
          .messages_sent = record.sent,
          .messages_received = record.received,
          .was_bound = record.was_bound};
}

RecordIndex DatagramFlows::Add(std::uint16_t listener, const Endpoint& remote, TimePoint now, RandomSource& random) {
  if (!epoch_) epoch_ = now;
  const RecordIndex index = free_.empty() ? records_.Grow() : free_.back();
  if (!free_.empty()) free_.pop_back();
  const std::uint32_t generation = records_[index].generation;
  records_[index] = Record{.remote = remote.address.MappedOctets(),
                           .remote_port = remote.port,
                           .listener = listener,
                           .generation = generation,
                           .last_heard = now,
                           .bound_until = {},
                           .older = kNoRecord,
                           .newer = kNoRecord,
                           .opened_second = SecondOf(now),
                           .received = 0,
                           .sent = 0,
                           .unanswered = 0,
                           .open = true,
                           .awaits_answer = false,
                           .has_answered = false,
                           .was_bound = false,
                           .in_order = false};
  by_address_.Insert(index, HashOf(listener, remote));
  Enlist(index);
  ++size_;
  LookAgain(index, now + std::min(options_.idle, DrawInterval(random)), now);
  return index;
}

void DatagramFlows::Remove(RecordIndex index) {
  Delist(index);
  by_address_.Erase(index);
  records_[index].open = false;
  ++records_[index].generation;
  free_.push_back(index);
  --size_;
}

void DatagramFlows::Clear() {
  records_.clear();
  free_.clear();
  by_address_ = HashChains();
  calendar_ = CalendarQueue<Place>(kTick, kTicks);
  oldest_ = newest_ = kNoRecord;
  size_ = 0;
}

void DatagramFlows::NoteHeard(RecordIndex index, TimePoint now) {
  Record& record = records_[index];
  record.last_heard = now;
  record.unanswered = 0;
  record.awaits_answer = false;
  if (!record.in_order || newest_ == index) return;
  Delist(index);
  Enlist(index);
}

void DatagramFlows::NoteAnswer(RecordIndex index) {
  Record& record = records_[index];
  record.unanswered = 0;
  record.awaits_answer = false;
  record.has_answered = true;
}

bool DatagramFlows::NoteBound(RecordIndex index, TimePoint until) {
  Record& record = records_[index];
  record.bound_until = std::max(record.bound_until, until);
  Delist(index);
  const bool first = !record.was_bound;
  record.was_bound = true;
  return first;
}

DatagramFlows::Due DatagramFlows::LookAt(RecordIndex index, TimePoint now, RandomSource& random) {
  Record& record = records_[index];
  const TimePoint end = std::max(record.last_heard, record.bound_until) + options_.idle;
  if (now >= end) return Due::kIdle;
  const bool bound = record.bound_until > now;
  if (!bound)
    Enlist(index);  // behind those that were heard later, which is good enough: its binding was refreshed late
  // A flow without binding is looked at as often as one with: it may get one before the next look.
  const TimePoint heard_until = record.last_heard + DrawInterval(random);
  const bool silent = now - record.last_heard >= options_.keep_alive_interval.shortest;
  if (!bound || options_.keep_alive == KeepAliveMethod::kNone || !silent) {
    LookAgain(index, std::min(end, silent ? now + DrawInterval(random) : heard_until), now);
    return Due::kLater;
  }
  if (record.awaits_answer && record.unanswered < UINT8_MAX) ++record.unanswered;
  if (record.has_answered && options_.max_unanswered > 0 && record.unanswered >= options_.max_unanswered) {
    return Due::kUnanswered;
  }
  record.awaits_answer = true;
  LookAgain(index, now + DrawInterval(random), now);
  return Due::kAsk;
}

void DatagramFlows::LookAgain(RecordIndex index, TimePoint when, TimePoint now) {
  calendar_.Add({index, records_[index].generation}, when, now);
}

Duration DatagramFlows::DrawInterval(RandomSource& random) const {
  const auto& [shortest, longest] = options_.keep_alive_interval;
  const auto span = std::max(longest - shortest, Duration::zero());
  return shortest + Duration(UniformUpTo(random, static_cast<std::uint64_t>(span.count())));
}

void DatagramFlows::Enlist(RecordIndex index) {
  Record& record = records_[index];
  if (record.in_order) return;
  record.in_order = true;
  record.older = newest_;
  record.newer = kNoRecord;
  (newest_ == kNoRecord ? oldest_ : records_[newest_].newer) = index;
  newest_ = index;
}

void DatagramFlows::Delist(RecordIndex index) {
  Record& record = records_[index];
  if (!record.in_order) return;
  record.in_order = false;
  (record.older == kNoRecord ? oldest_ : records_[record.older].newer) = record.newer;
  (record.newer == kNoRecord ? newest_ : records_[record.newer].older) = record.older;
}

}  // namespace flowbroker::flow
