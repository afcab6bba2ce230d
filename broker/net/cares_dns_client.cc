#include "broker/net/cares_dns_client.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>

#include "broker/base/fair_slots.h"
#include "broker/net/cares_channel.h"
#include "broker/net/dns_answer_reader.h"
#include "broker/net/dns_lookup.h"
#include "broker/net/dns_server_order.h"
#include "broker/net/resolv_conf.h"
#include "broker/net/system_clock.h"

namespace flowbroker::net {
namespace {

using dns::AnswerStatus;
using dns::RecordSet;

}  // namespace

class CaresDnsClient::Impl : public std::enable_shared_from_this<Impl> {
 public:
  struct Request {
    dns::Question question;
    std::string tenant;
    Callback done;
  };

  Impl(boost::asio::io_context& io, CaresDnsClientOptions options)
      : io_(io),
        options_(std::move(options)),
        order_(options_.servers.size(), options_.retry_silent_after),
        slots_(FairSlots::WithPercent(options_.max_in_flight, options_.tenant_share)),
        places_(FairSlots::WithPercent(options_.max_waiting, options_.tenant_share)) {
    // A question stays open at its server until its lookup gives up, because the answer may be late.
    const Duration longest = options_.timeout * options_.tries * static_cast<int>(options_.servers.size());
    for (const Endpoint& server : options_.servers) {
      channels_.push_back(std::make_unique<CaresChannel>(io, server, longest));
    }
  }

  void Query(Request request) {
    const LookupId id = ++last_id_;
    if (slots_.HasRoom(request.tenant)) {
      Begin(id, std::move(request));
    } else if (places_.HasRoom(request.tenant)) {
      places_.Take(request.tenant);
      slots_.Wait(request.tenant, id);
      waiting_.emplace(id, std::move(request));
    } else {
      PostFailure(std::move(request.done));
    }
  }

  void Abandon() {
    channels_.clear();
    for (auto& [id, lookup] : lookups_) PostFailure(std::move(lookup.done));
    for (auto& [id, request] : waiting_) PostFailure(std::move(request.done));
    lookups_.clear();
    waiting_.clear();
  }

 private:
  using LookupId = std::uint64_t;
  struct Lookup {
    DnsLookup machine;
    std::string tenant;
    Callback done;
    boost::asio::steady_timer patience;  // with the server asked last
  };

  void Begin(LookupId id, Request request) {
    slots_.Take(request.tenant);
    Lookup lookup{DnsLookup(request.question, options_.tries, options_.max_names), std::move(request.tenant),
                  std::move(request.done), boost::asio::steady_timer(io_)};
    auto step = lookup.machine.Start(order_.Order());
    lookups_.emplace(id, std::move(lookup));
    RetrySilentServer(request.question);
    CarryOut(id, std::move(step));
  }

  void CarryOut(LookupId id, DnsLookup::Step step) {
    if (auto* ask = std::get_if<DnsLookup::AskServer>(&step)) {
      AskServer(id, *ask);
    } else if (auto* answer = std::get_if<RecordSet>(&step)) {
      Finish(id, std::move(*answer));
    }
  }

  void AskServer(LookupId id, const DnsLookup::AskServer& ask) {
    auto& patience = lookups_.at(id).patience;
    patience.expires_after(options_.timeout);
    patience.async_wait([weak = weak_from_this(), id, server = ask.server, number = ask.number](const auto& error) {
      const auto self = weak.lock();
      if (self && !error) self->OnSilence(id, server, number);
    });
    const auto done = [weak = weak_from_this(), id, ask](AskOutcome outcome, const std::vector<std::uint8_t>& message) {
      if (const auto self = weak.lock()) self->OnOutcome(id, ask, outcome, message);
    };
    channels_[ask.server]->Ask(ask.question, done);
  }

  void OnSilence(LookupId id, std::size_t server, int number) {
    const auto found = lookups_.find(id);
    if (found == lookups_.end()) return;
    order_.OnSilent(server, clock_.Now());
    CarryOut(id, found->second.machine.OnSilence(number));
  }

  void OnOutcome(LookupId id, const DnsLookup::AskServer& ask, AskOutcome outcome,
                 const std::vector<std::uint8_t>& message) {
    NoteHealth(ask.server, outcome);
    const auto found = lookups_.find(id);
    if (found == lookups_.end()) return;
    DnsLookup& machine = found->second.machine;
    switch (outcome) {
      case AskOutcome::kAnswered:
        return CarryOut(id, machine.OnReading(ask.number, ReadDnsAnswer(ask.question, message), order_.Order()));
      case AskOutcome::kSilent:
        return;  // OnSilence came long before
      case AskOutcome::kUnreachable:
      case AskOutcome::kNotAsked:
        return CarryOut(id, machine.OnTrouble(ask.number, AnswerStatus::kServerFailure));
    }
    __builtin_unreachable();
  }

  void NoteHealth(std::size_t server, AskOutcome outcome) {
    switch (outcome) {
      case AskOutcome::kAnswered:
        return order_.OnAnswered(server);
      case AskOutcome::kUnreachable:
        return order_.OnSilent(server, clock_.Now());
      case AskOutcome::kSilent:    // it may have answered other questions since
      case AskOutcome::kNotAsked:  // our own trouble
        return;
    }
    __builtin_unreachable();
  }

  // Nobody waits for this answer: it only tells whether the server is back.
  void RetrySilentServer(const dns::Question& question) {
    const auto server = order_.TakeDueForRetry(clock_.Now());
    if (!server) return;
    channels_[*server]->Ask(question, [weak = weak_from_this(), i = *server](AskOutcome outcome, const auto&) {
      if (const auto self = weak.lock()) self->NoteHealth(i, outcome);
    });
  }

  // Only ever called from the io_context, except where there is no server to ask at all.
  void Finish(LookupId id, RecordSet answer) {
    const auto found = lookups_.find(id);
    Callback done = std::move(found->second.done);
    slots_.Give(found->second.tenant);
    lookups_.erase(found);
    boost::asio::post(io_, [done = std::move(done), answer = std::move(answer)]() mutable { done(std::move(answer)); });
    const auto next = slots_.Next();
    if (!next) return;
    Request request = std::move(waiting_.extract(*next).mapped());
    places_.Give(request.tenant);
    Begin(*next, std::move(request));
  }

  void PostFailure(Callback done) {
    boost::asio::post(io_, [done = std::move(done)] { done(RecordSet{.status = AnswerStatus::kServerFailure}); });
  }

  boost::asio::io_context& io_;
  SystemClock clock_;
  CaresDnsClientOptions options_;
  DnsServerOrder order_;
  std::vector<std::unique_ptr<CaresChannel>> channels_;  // by server
  LookupId last_id_ = 0;
  std::unordered_map<LookupId, Lookup> lookups_;  // in flight
  FairSlots slots_;                               // max_in_flight, in turn by tenant
  FairSlots places_;                              // max_waiting
  std::unordered_map<LookupId, Request> waiting_;
};

CaresDnsClient::CaresDnsClient(boost::asio::io_context& io, CaresDnsClientOptions options) {
  if (options.servers.empty()) options.servers = LoadNameservers();
  impl_ = std::make_shared<Impl>(io, std::move(options));
}

CaresDnsClient::~CaresDnsClient() {
  impl_->Abandon();
}

void CaresDnsClient::Query(const dns::Question& question, const std::string& tenant, Callback done) {
  impl_->Query({question, tenant, std::move(done)});
}

}  // namespace flowbroker::net
