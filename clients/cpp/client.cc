#include <grpcpp/client_context.h>
#include <grpcpp/support/async_unary_call.h>

#include <algorithm>
#include <utility>

#include "clients/cpp/connection.h"
#include "clients/cpp/relay_state.h"

namespace flowbroker::client {
namespace {

// One asynchronous Acquire; owns itself until it is complete.
class PendingAcquire final : public Completion {
 public:
  PendingAcquire(PendingCalls& calls, Client::AcquireCallback done, Duration timeout)
      : calls_(calls), done_(std::move(done)) {
    context_.set_deadline(DeadlineAfter(timeout));
    calls_.Add(&context_);
  }

  /// On the loop's thread.
  void Start(v1::BrokerService::StubInterface& stub, const v1::AcquireRequest& request, grpc::CompletionQueue* queue) {
    call_ = stub.PrepareAsyncAcquire(&context_, request, queue);
    call_->StartCall();
    call_->Finish(&response_, &status_, static_cast<Completion*>(this));
  }

  void Complete(bool /*ok*/) override {
    const std::unique_ptr<PendingAcquire> self(this);
    if (status_.ok()) {
      done_(FromProto(response_));
    } else {
      done_(tl::unexpected(ErrorFrom(status_)));
    }
    calls_.Remove(&context_);
  }

 private:
  PendingCalls& calls_;
  const Client::AcquireCallback done_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientAsyncResponseReaderInterface<v1::AcquireResponse>> call_;
  v1::AcquireResponse response_;
  grpc::Status status_;
};

}  // namespace

using Broker = v1::BrokerService::StubInterface;
using Flows = v1::FlowService::StubInterface;
using Edge = v1::EdgeService::StubInterface;
using History = v1::HistoryService::StubInterface;

Client::Client(ClientOptions options) : connection_(std::make_unique<Connection>(std::move(options))) {}
Client::~Client() = default;

const std::string& Client::address() const {
  return connection_->address;
}

Result<AcquiredFlow> Client::Acquire(const AcquireRequest& request, Timeout timeout) {
  return connection_->Call(*connection_->broker, &Broker::Acquire, ToProto(request), timeout)
      .map([](const v1::AcquireResponse& response) { return FromProto(response); });
}

Result<AcquiredFlow> Client::Acquire(std::string_view uri, Timeout timeout) {
  return Acquire(AcquireRequest{.destination = {.to = std::string(uri)}}, timeout);
}

void Client::AcquireAsync(const AcquireRequest& request, AcquireCallback done, Timeout timeout) {
  auto pending = std::make_unique<PendingAcquire>(connection_->calls, std::move(done),
                                                  timeout.value_or(connection_->options.default_timeout));
  connection_->loop->Post([call = pending.release(), message = ToProto(request), broker = connection_->broker,
                           queue = connection_->loop->queue()] { call->Start(*broker, message, queue); });
}

Result<HandedOff> Client::AcquireHandoff(AcquireRequest request, Timeout timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout.value_or(connection_->options.default_timeout);
  request.exclusive = request.handoff = true;
  auto flow = Acquire(request, timeout);
  if (!flow) return tl::unexpected(flow.error());
  if (!flow->handoff) {
    return tl::unexpected(Error{.code = Code::kUnimplemented, .failure = {}, .message = "the broker cannot hand off"});
  }
  auto descriptor = ReceiveDescriptor(*flow->handoff, until - std::chrono::steady_clock::now());
  if (!descriptor) return tl::unexpected(descriptor.error());
  return HandedOff{*std::move(flow), *std::move(descriptor)};
}

Result<void> Client::Release(const std::string& flow_id) {
  v1::ReleaseRequest request;
  request.set_flow_id(flow_id);
  return connection_->Call(*connection_->broker, &Broker::Release, request, {}).map([](const auto&) {});
}

Result<bool> Client::Warm(const WarmRequest& request) {
  return connection_->Call(*connection_->broker, &Broker::Warm, ToProto(request), {})
      .map([](const v1::WarmResponse& response) { return response.already_warm(); });
}

Result<Resolution> Client::Resolve(const Destination& destination, Timeout timeout) {
  return connection_->Call(*connection_->broker, &Broker::Resolve, ToProto(destination), timeout)
      .map([](const v1::ResolveResponse& response) { return FromProto(response); });
}

Result<bool> Client::ReportOutcome(const TransactionReport& report) {
  return connection_->Call(*connection_->broker, &Broker::ReportOutcome, ToProto(report), {})
      .map([](const v1::ReportOutcomeResponse& response) { return response.known_flow(); });
}

Result<std::vector<Flow>> Client::ListFlows(const std::optional<std::string>& client_group) {
  std::vector<Flow> flows;
  v1::ListFlowsRequest request;
  request.set_page_size(1000);
  if (client_group) request.set_client_group(*client_group);
  do {
    const auto page = connection_->Call(*connection_->flows, &Flows::ListFlows, request, {});
    if (!page) return tl::unexpected(page.error());
    for (const v1::Flow& flow : page->flows()) flows.push_back(FromProto(flow));
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return flows;
}

Result<Flow> Client::GetFlow(const std::string& flow_id) {
  v1::GetFlowRequest request;
  request.set_flow_id(flow_id);
  return connection_->Call(*connection_->flows, &Flows::GetFlow, request, {})
      .map([](const v1::GetFlowResponse& response) { return FromProto(response.flow()); });
}

Result<void> Client::CloseFlow(const std::string& flow_id) {
  v1::CloseFlowRequest request;
  request.set_flow_id(flow_id);
  return connection_->Call(*connection_->flows, &Flows::CloseFlow, request, {}).map([](const auto&) {});
}

Result<ProbeResult> Client::ProbeFlow(const std::string& flow_id, Timeout timeout) {
  v1::ProbeFlowRequest request;
  request.set_flow_id(flow_id);
  return connection_->Call(*connection_->flows, &Flows::ProbeFlow, request, timeout)
      .map([](const v1::ProbeFlowResponse& response) { return FromProto(response); });
}

Result<void> Client::SetKeepAlive(const std::string& flow_id, const KeepAlive& keep_alive) {
  return connection_->Call(*connection_->flows, &Flows::SetKeepAlive, ToProto(flow_id, keep_alive), {})
      .map([](const auto&) {});
}

Result<std::string> Client::MintToken(const std::string& flow_id) {
  v1::MintTokenRequest request;
  request.set_flow_id(flow_id);
  return connection_->Call(*connection_->edge, &Edge::MintToken, request, {})
      .map([](const v1::MintTokenResponse& response) { return response.token(); });
}

Result<VerifiedToken> Client::VerifyToken(const std::string& token) {
  v1::VerifyTokenRequest request;
  request.set_token(token);
  return connection_->Call(*connection_->edge, &Edge::VerifyToken, request, {})
      .map([](const v1::VerifyTokenResponse& response) { return FromProto(response); });
}

Result<std::vector<BoundContact>> Client::Bind(const BindRequest& request) {
  const auto response = connection_->Call(*connection_->edge, &Edge::Bind, ToProto(request), {});
  if (!response) return tl::unexpected(response.error());
  std::vector<BoundContact> contacts;
  for (const v1::BoundContact& contact : response->contacts()) contacts.push_back(FromProto(contact));
  return contacts;
}

Result<std::size_t> Client::Unbind(const UnbindRequest& request) {
  return connection_->Call(*connection_->edge, &Edge::Unbind, ToProto(request), {})
      .map([](const v1::UnbindResponse& response) { return std::size_t{response.removed()}; });
}

Result<std::vector<BindingTarget>> Client::LookupBindings(const std::string& aor) {
  v1::LookupBindingsRequest request;
  request.set_aor(aor);
  const auto response = connection_->Call(*connection_->edge, &Edge::LookupBindings, request, {});
  if (!response) return tl::unexpected(response.error());
  std::vector<BindingTarget> targets;
  for (const v1::BindingTarget& target : response->targets()) targets.push_back(FromProto(target));
  return targets;
}

Result<std::vector<FamilyPreference>> Client::ListFamilyPreferences(const PreferenceFilter& filter) {
  std::vector<FamilyPreference> preferences;
  v1::ListFamilyPreferencesRequest request = ToProto(filter);
  request.set_page_size(1000);
  do {
    const auto page = connection_->Call(*connection_->history, &History::ListFamilyPreferences, request, {});
    if (!page) return tl::unexpected(page.error());
    for (const v1::FamilyPreference& preference : page->preferences()) preferences.push_back(FromProto(preference));
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return preferences;
}

Result<std::vector<TargetReachability>> Client::GetReachability(const ReachabilityQuery& query) {
  const auto response = connection_->Call(*connection_->history, &History::GetReachability, ToProto(query), {});
  if (!response) return tl::unexpected(response.error());
  std::vector<TargetReachability> targets;
  for (const v1::TargetReachability& target : response->targets()) targets.push_back(FromProto(target));
  return targets;
}

Result<std::vector<Race>> Client::ListRaces(std::size_t count, const RaceFilter& filter) {
  std::vector<Race> races;
  v1::ListRacesRequest request = ToProto(filter);
  while (races.size() < count) {
    request.set_page_size(static_cast<std::uint32_t>(std::min<std::size_t>(1000, count - races.size())));
    const auto page = connection_->Call(*connection_->history, &History::ListRaces, request, {});
    if (!page) return tl::unexpected(page.error());
    for (const v1::Race& race : page->races()) races.push_back(FromProto(race));
    if (page->next_page_token().empty()) break;
    request.set_page_token(page->next_page_token());
  }
  return races;
}

Result<Forgotten> Client::Connection::Reset(const v1::ResetHistoryRequest& request) {
  return Call(*history, &History::ResetHistory, request, {}).map([](const v1::ResetHistoryResponse& response) {
    return FromProto(response);
  });
}

Result<Forgotten> Client::ForgetAll() {
  v1::ResetHistoryRequest request;
  request.set_all(true);
  return connection_->Reset(request);
}

Result<Forgotten> Client::ForgetPrefix(const std::string& prefix) {
  v1::ResetHistoryRequest request;
  request.set_prefix(prefix);
  return connection_->Reset(request);
}

Result<Forgotten> Client::ForgetHost(const std::string& host) {
  v1::ResetHistoryRequest request;
  request.set_host(host);
  return connection_->Reset(request);
}

std::unique_ptr<RelayStream> Client::OpenRelay(RelayOptions options, RelayHandlers handlers) {
  auto state = std::make_shared<RelayStream::State>(std::move(options), std::move(handlers));
  connection_->loop->Post(
      [state, flows = connection_->flows, queue = connection_->loop->queue()] { state->Open(*flows, queue); });
  return std::make_unique<RelayStream>(connection_->loop, std::move(state));
}

std::unique_ptr<Watch> Client::WatchFlows(FlowWatchOptions options, WatchHandlers<FlowEvent> handlers) {
  v1::WatchFlowsRequest request;
  request.set_after_sequence(options.after_sequence);
  if (options.client_group) request.set_client_group(*options.client_group);
  return connection_->Open(connection_->flows, &Flows::PrepareAsyncWatchFlows, request, std::move(handlers));
}

std::unique_ptr<Watch> Client::WatchBindings(BindingWatchOptions options, WatchHandlers<BindingEvent> handlers) {
  v1::WatchBindingsRequest request;
  request.set_after_sequence(options.after_sequence);
  request.set_aor(options.aor);
  return connection_->Open(connection_->edge, &Edge::PrepareAsyncWatchBindings, request, std::move(handlers));
}

std::unique_ptr<Watch> Client::WatchPreferences(PreferenceWatchOptions options,
                                                WatchHandlers<PreferenceEvent> handlers) {
  v1::WatchPreferencesRequest request;
  request.set_after_sequence(options.after_sequence);
  request.set_interface(options.interface);
  return connection_->Open(connection_->history, &History::PrepareAsyncWatchPreferences, request, std::move(handlers));
}

}  // namespace flowbroker::client
