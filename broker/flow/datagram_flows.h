#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/base/hash_chains.h"
#include "broker/base/ip_address.h"
#include "broker/base/keyed_hash.h"
#include "broker/base/random_source.h"
#include "broker/base/record_blocks.h"
#include "broker/base/record_index.h"
#include "broker/base/time.h"
#include "broker/flow/calendar_queue.h"
#include "broker/flow/datagram_flow_options.h"
#include "broker/flow/flow_id.h"

namespace flowbroker::flow {

/// The flows that user agents have opened towards the edge over UDP, of one shard (N1): pairs of addresses, since there
/// are no connections. A flow costs about 100 octets, whatever else there are a million of. A pure machine; one thread
/// at a time.
///
/// Flow ids are derived and not stored: shard, place, generation, and 64 bits of a keyed hash, so that they can neither
/// be guessed nor come again. Addresses come from strangers; the hash that finds them is keyed.
class DatagramFlows {
 public:
  /// What is to be done about a flow whose time has come.
  enum class Due : std::uint8_t {
    kLater,       ///< nothing
    kAsk,         ///< send it a keep-alive
    kIdle,        ///< nobody wants it any more: end it
    kUnanswered,  ///< it has failed: end it
  };

  /// What is known of a flow, for people.
  struct Facts {
    std::uint16_t listener;
    Endpoint remote;
    TimePoint opened;  ///< to the second
    TimePoint last_heard;
    std::uint32_t messages_sent;
    std::uint32_t messages_received;
    bool was_bound;  ///< there has ever been a binding
  };

  DatagramFlows(std::uint8_t shard, const DatagramFlowOptions& options, RandomSource& random);

  /// The flow between that listener and that remote; kNoRecord where there is none.
  RecordIndex Find(std::uint16_t listener, const Endpoint& remote) const {
    return Find(listener, remote, HashOf(listener, remote));
  }
  /// The same for one whose HashOf is known.
  RecordIndex Find(std::uint16_t listener, const Endpoint& remote, std::uint32_t hash) const;
  std::uint32_t HashOf(std::uint16_t listener, const Endpoint& remote) const;
  /// For several to be found: has what Find will look at fetched from memory for all of them side by side.
  void Prefetch(std::span<const std::uint32_t> hashes) const;
  /// The open flow of that id; kNoRecord where there is none.
  RecordIndex Find(const FlowId& id) const;

  bool full() const { return size_ >= options_.max_flows; }
  std::size_t size() const { return size_; }
  /// Of those without a binding the one that has been silent longest; kNoRecord where all have one.
  RecordIndex LongestSilent() const { return oldest_; }

  /// @pre there is none between these two, and !full()
  RecordIndex Add(std::uint16_t listener, const Endpoint& remote, TimePoint now, RandomSource& random);
  void Remove(RecordIndex index);
  /// Removes all: the ids of those that come after it may be theirs again, so it is for the end only.
  void Clear();

  FlowId IdOf(RecordIndex index) const;
  Facts FactsOf(RecordIndex index) const;
  /// What a keep-alive to the flow carries now, and its answer has to: 16 URL-safe characters that only who receives it
  /// can know. Nothing is remembered for it.
  std::string QuestionOf(RecordIndex index, TimePoint now) const;
  /// Whether that is one to this flow, of the last half minute (RFC 3261 s.17.1.2.2: who has not answered by then will
  /// not).
  bool IsQuestionTo(RecordIndex index, std::string_view text, TimePoint now) const;
  /// In order of their ids, those behind `after` that are wanted, at most `count`.
  std::vector<FlowId> IdsAfter(
      const std::optional<FlowId>& after, std::size_t count,
      const std::function<bool(RecordIndex)>& wanted = [](RecordIndex) { return true; }) const;

  /// The user agent has sent something of its own accord.
  void NoteHeard(RecordIndex index, TimePoint now);
  void NoteMessageReceived(RecordIndex index) { ++records_[index].received; }
  void NoteMessageSent(RecordIndex index) { ++records_[index].sent; }
  /// It has answered a keep-alive.
  void NoteAnswer(RecordIndex index);
  /// There is a binding that ends at `until`, beside those there are. True with the first one ever.
  bool NoteBound(RecordIndex index, TimePoint until);

  /// There is no binding any more: it ends like one that has never had any.
  void NoteUnbound(RecordIndex index) { records_[index].bound_until = TimePoint{}; }

  TimePoint NextDeadline() const { return calendar_.NextDeadline(); }
  /// Hands out at most `limit` flows whose time has come, with what is to be done: take(index, due). `take` has to
  /// Remove those that are to end.
  template <typename Take>
  void TakeDue(TimePoint now, std::size_t limit, RandomSource& random, Take&& take) {
    calendar_.TakeDue(now, limit, [&](Place place) {
      if (!IsOpen(place)) return;
      const Due due = LookAt(place.index, now, random);
      if (due != Due::kLater) take(place.index, due);
    });
  }

 private:
  // 64 octets. Seconds are since the table was first used.
  struct Record {
    std::array<std::uint8_t, 16> remote;  // IPv4 as IPv4-mapped
    std::uint16_t remote_port;
    std::uint16_t listener;
    std::uint32_t generation = 0;  // rises when the place is given to another
    TimePoint last_heard;
    TimePoint bound_until;  // TimePoint{}: there is no binding
    RecordIndex older;      // neighbours in the order of silence, while it has no binding
    RecordIndex newer;
    std::uint32_t opened_second;
    std::uint32_t received;
    std::uint32_t sent;
    std::uint8_t unanswered;  // questions in a row
    bool open : 1;
    bool awaits_answer : 1;
    bool has_answered : 1;  // ever
    bool was_bound : 1;     // ever
    bool in_order : 1;      // of silence
  };
  static_assert(sizeof(Record) == 64);  // N2

  /// Where the calendar has a flow; of another generation: the flow is gone.
  struct Place {
    RecordIndex index;
    std::uint32_t generation;
  };

  static constexpr Duration kTick = std::chrono::milliseconds(10);
  static constexpr std::size_t kTicks = 4'096;  // 41 s: longer than any interval between keep-alives

  bool IsOpen(Place place) const {
    return records_[place.index].open && records_[place.index].generation == place.generation;
  }
  std::uint32_t SecondOf(TimePoint when) const;
  std::array<std::uint8_t, 12> QuestionAt(RecordIndex index, std::uint32_t second) const;
  Due LookAt(RecordIndex index, TimePoint now, RandomSource& random);
  void LookAgain(RecordIndex index, TimePoint when, TimePoint now);
  Duration DrawInterval(RandomSource& random) const;
  void Enlist(RecordIndex index);
  void Delist(RecordIndex index);

  const std::uint8_t shard_;
  const DatagramFlowOptions options_;
  const KeyedHash address_hash_;
  const KeyedHash id_hash_;
  const KeyedHash question_hash_;
  std::optional<TimePoint> epoch_;
  RecordBlocks<Record> records_;
  std::vector<RecordIndex> free_;  // places in it
  HashChains by_address_;
  CalendarQueue<Place> calendar_{kTick, kTicks};
  RecordIndex oldest_ = kNoRecord;  // the ends of the order of silence
  RecordIndex newest_ = kNoRecord;
  std::size_t size_ = 0;
};

}  // namespace flowbroker::flow
