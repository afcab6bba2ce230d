#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/engine/flow_view.h"
#include "broker/engine/relay.h"
#include "broker/engine/shard_context.h"
#include "broker/flow/arrival_rate.h"
#include "broker/flow/datagram_flows.h"
#include "broker/flow/flow.h"
#include "broker/flow/flow_token.h"
#include "broker/net/datagram.h"
#include "broker/sip/message_head.h"
#include "broker/sip/options_template.h"

namespace flowbroker::engine {

/// The flows of one shard that user agents have opened towards the edge over UDP (E5, E6, N1-N4): what comes in, what
/// the edge itself answers, and which flow it belongs to. A request of an unknown remote opens a flow; nothing else of
/// a stranger leaves a trace. There may be a million of them, so they are no flow::Flow: one is made where a message
/// has to be carried.
class EdgeDatagrams {
 public:
  /// Gets each message, with a flow that is good for the call only.
  using OnMessage = std::function<void(flow::Flow&, const sip::MessageHead&, std::string_view bytes,
                                       std::optional<EdgeOrigin>, TimePoint now)>;

  EdgeDatagrams(ShardContext& context, OnMessage on_message);

  /// A listener of the options is open at `local`. To be called before anything comes in there.
  void AddListener(std::uint16_t listener, const Endpoint& local);
  /// From now on no flow comes into being; those there stay.
  void StopAdmitting() { admitting_ = false; }
  /// Ends all without a word: whoever could want to know ends too.
  void Stop();

  void OnDatagrams(std::uint16_t listener, std::span<const net::Datagram> datagrams, TimePoint now);
  /// Nothing arrives there any more: the flow has ended (B4).
  void OnUnreachable(std::uint16_t listener, const Endpoint& remote, const Failure& failure, TimePoint now);

  /// The open flow, as it is now; nothing where there is none of that id.
  std::optional<flow::Flow> Find(const flow::FlowId& id) const;
  std::optional<FlowView> View(const flow::FlowId& id, const flow::Scope& scope) const;
  std::optional<flow::FlowAddresses> AddressesOf(const flow::FlowId& id, const flow::Scope& scope) const;
  std::optional<flow::FlowId> Find(const flow::FlowAddresses& addresses, const flow::Scope& scope) const;
  std::vector<flow::FlowId> IdsAfter(const std::optional<flow::FlowId>& after, std::size_t count,
                                     const flow::Scope& scope) const;
  bool Has(const flow::FlowId& id, const flow::Scope& scope) const;

  /// It leaves from the address and port that the flow came to (E5). @pre Find found the flow
  void Send(const flow::FlowId& id, std::string_view bytes);
  /// A binding that uses the flow ends at `until`. Nothing where it is none of ours.
  void NoteBound(const flow::FlowId& id, TimePoint until, TimePoint now);
  /// Its last binding has gone otherwise than with the flow or its time.
  void NoteUnbound(const flow::FlowId& id);
  /// False where `scope` has no such open flow.
  bool Close(const flow::FlowId& id, const flow::Scope& scope, const Failure& failure, TimePoint now);

  TimePoint NextDeadline() const { return table_.NextDeadline(); }
  void OnTimer(TimePoint now);

 private:
  struct Batch {  // of what came in together
    std::size_t messages = 0;
    std::size_t octets = 0;
  };

  /// False where the limits of the moment do not let it in.
  bool Admit(const IpAddress& source, TimePoint now);
  void OnDatagram(std::uint16_t listener, const net::Datagram& datagram, RecordIndex index, Batch& batch,
                  TimePoint now);
  void OnStun(std::uint16_t listener, const net::Datagram& datagram);
  void OnSip(std::uint16_t listener, const net::Datagram& datagram, RecordIndex index, Batch& batch, TimePoint now);
  /// kNoRecord where a limit forbids it.
  RecordIndex Open(std::uint16_t listener, const Endpoint& remote, TimePoint now);
  void Ask(RecordIndex index, TimePoint now);
  bool MakeRoom(TimePoint now);
  void End(RecordIndex index, const Failure& failure, TimePoint now);
  void EmitEvent(FlowEventKind kind, RecordIndex index, std::optional<Failure> failure, TimePoint now);

  flow::Flow FlowAt(RecordIndex index) const;
  FlowView ViewOf(RecordIndex index, bool open) const;
  flow::FlowAddresses AddressesAt(RecordIndex index) const;
  EdgeOrigin OriginOf(RecordIndex index, const sip::MessageHead& head) const;
  bool Covers(const flow::Scope& scope, RecordIndex index) const {
    return scope.Covers(owners_[table_.FactsOf(index).listener]);
  }

  ShardContext& context_;
  const EdgeOptions& options_;
  OnMessage on_message_;
  flow::DatagramFlows table_;
  flow::ArrivalRate rate_;
  struct OpenListener {
    Endpoint local;
    sip::OptionsTemplate keep_alive;
  };
  std::vector<std::optional<OpenListener>> open_;  // by number; nothing for those of streams
  std::vector<std::string> names_;                 // by number
  std::vector<flow::Owner> owners_;                // the same
  std::vector<std::uint32_t> hashes_;              // of the batch that is being read
  bool admitting_ = true;
};

}  // namespace flowbroker::engine
