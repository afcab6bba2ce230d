#include "tests/unit/clients/fake_broker.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>

#include "google/rpc/status.pb.h"

namespace flowbroker::client {

grpc::Status ErrorStatus(grpc::StatusCode code, const std::string& message, const v1::Trace& trace) {
  google::rpc::Status details;
  details.set_code(static_cast<int>(code));
  details.set_message(message);
  details.add_details()->PackFrom(trace);
  return {code, message, details.SerializeAsString()};
}

namespace {

/// An empty answer, the events after the sequence number, and then nothing until the test is over.
template <typename Event, typename Response>
grpc::Status Stream(const std::vector<Event>& events, std::uint64_t after, const grpc::ServerContext& context,
                    grpc::ServerWriter<Response>& writer, Promise<bool>& stopped) {
  const std::uint64_t latest = events.empty() ? 0 : events.back().sequence();
  if (after > latest) return {grpc::StatusCode::OUT_OF_RANGE, "invalid_argument: no such event"};
  Response ready;
  ready.set_latest_sequence(latest);
  writer.Write(ready);
  for (const Event& event : events) {
    if (after == 0 || event.sequence() <= after) continue;
    Response response;
    *response.add_events() = event;
    response.set_latest_sequence(latest);
    writer.Write(response);
  }
  stopped.Wait();
  return context.IsCancelled() ? grpc::Status::CANCELLED : grpc::Status(grpc::StatusCode::UNAVAILABLE, "shutting_down");
}

void Set(const std::string& address, std::uint32_t port, v1::Endpoint& endpoint) {
  endpoint.set_address(address);
  endpoint.set_port(port);
}

const std::string kTokenPrefix = "token of ";

void Describe(v1::EdgeOrigin& origin) {
  origin.set_listener("tcp:192.0.2.9:5060");
  origin.set_token(kTokenPrefix + "edge");
  origin.set_transport(v1::TRANSPORT_TCP);
  Set("2001:db8::2", 40000, *origin.mutable_remote());
  origin.set_states_other_address(true);
}

}  // namespace

class FakeBroker::Broker final : public v1::BrokerService::Service {
 public:
  explicit Broker(FakeBroker& fake) : fake_(fake) {}

  grpc::Status Acquire(grpc::ServerContext* context, const v1::AcquireRequest* request,
                       v1::AcquireResponse* response) override {
    return fake_.on_acquire(*context, *request, *response);
  }

  grpc::Status Warm(grpc::ServerContext*, const v1::WarmRequest*, v1::WarmResponse* response) override {
    response->set_already_warm(true);
    return grpc::Status::OK;
  }

 private:
  FakeBroker& fake_;
};

class FakeBroker::Edge final : public v1::EdgeService::Service {
 public:
  explicit Edge(FakeBroker& fake) : fake_(fake) {}

  grpc::Status MintToken(grpc::ServerContext*, const v1::MintTokenRequest* request,
                         v1::MintTokenResponse* response) override {
    response->set_token(kTokenPrefix + request->flow_id());
    return grpc::Status::OK;
  }

  grpc::Status VerifyToken(grpc::ServerContext*, const v1::VerifyTokenRequest* request,
                           v1::VerifyTokenResponse* response) override {
    const bool gone = request->token() == "gone";
    if (gone || !request->token().starts_with(kTokenPrefix)) {
      response->set_state(gone ? v1::TOKEN_STATE_GONE : v1::TOKEN_STATE_FORGED);
      response->set_sip_status(gone ? 430 : 403);
      return grpc::Status::OK;
    }
    response->set_state(v1::TOKEN_STATE_LIVE);
    response->set_flow_id(request->token().substr(kTokenPrefix.size()));
    response->set_transport(v1::TRANSPORT_TCP);
    Set("192.0.2.9", 5060, *response->mutable_local());
    Set("2001:db8::2", 40000, *response->mutable_remote());
    return grpc::Status::OK;
  }

  grpc::Status Bind(grpc::ServerContext*, const v1::BindRequest* request, v1::BindResponse* response) override {
    fake_.bound.Set(*request);
    v1::BoundContact& replaced = *response->add_contacts();
    replaced.set_contact_uri("sip:a@b");
    replaced.set_change(v1::BINDING_CHANGE_REPLACED);
    replaced.mutable_expires_in()->set_seconds(600);
    response->add_contacts()->set_change(v1::BINDING_CHANGE_UNBOUND);
    return grpc::Status::OK;
  }

  grpc::Status Unbind(grpc::ServerContext*, const v1::UnbindRequest* request, v1::UnbindResponse* response) override {
    fake_.unbound.Set(*request);
    response->set_removed(2);
    return grpc::Status::OK;
  }

  grpc::Status LookupBindings(grpc::ServerContext*, const v1::LookupBindingsRequest* request,
                              v1::LookupBindingsResponse* response) override {
    for (const v1::BindingTarget& target : fake_.targets) {
      if (target.binding().aor() == request->aor()) *response->add_targets() = target;
    }
    return grpc::Status::OK;
  }

  grpc::Status WatchBindings(grpc::ServerContext* context, const v1::WatchBindingsRequest* request,
                             grpc::ServerWriter<v1::WatchBindingsResponse>* writer) override {
    fake_.watched_aor.Set(request->aor());
    return Stream(fake_.binding_events, request->after_sequence(), *context, *writer, stopped_);
  }

  void Stop() { stopped_.Set(true); }

 private:
  FakeBroker& fake_;
  Promise<bool> stopped_;
};

class FakeBroker::Flows final : public v1::FlowService::Service {
 public:
  explicit Flows(FakeBroker& fake) : fake_(fake) {}

  grpc::Status Relay(grpc::ServerContext*,
                     grpc::ServerReaderWriter<v1::RelayResponse, v1::RelayRequest>* stream) override {
    v1::RelayRequest frame;
    for (bool first = true; stream->Read(&frame); first = false) {
      fake_.frames.Add(frame);
      stream->Write(Echo(frame));
      if (first && fake_.hold_relay) fake_.release_relay.Wait();
    }
    fake_.relay_gone.Set(true);
    return grpc::Status::OK;
  }

  grpc::Status WatchFlows(grpc::ServerContext* context, const v1::WatchFlowsRequest* request,
                          grpc::ServerWriter<v1::WatchFlowsResponse>* writer) override {
    return Stream(fake_.events, request->after_sequence(), *context, *writer, stopped_);
  }

  grpc::Status ListFlows(grpc::ServerContext*, const v1::ListFlowsRequest* request,
                         v1::ListFlowsResponse* response) override {
    response->add_flows()->set_flow_id(request->page_token().empty() ? "one" : "two");
    if (request->page_token().empty()) response->set_next_page_token("more");
    return grpc::Status::OK;
  }

  grpc::Status SetKeepAlive(grpc::ServerContext*, const v1::SetKeepAliveRequest* request,
                            v1::SetKeepAliveResponse*) override {
    fake_.keep_alive.Set(*request);
    return grpc::Status::OK;
  }

  void Stop() { stopped_.Set(true); }

 private:
  v1::RelayResponse Echo(const v1::RelayRequest& frame) {
    v1::RelayResponse response;
    for (const v1::OutgoingMessage& message : frame.messages()) {
      if (message.flow_id() == "gone") {
        v1::SendFailure& failure = *response.add_failures();
        failure.set_flow_id(message.flow_id());
        failure.set_tag(message.tag());
        failure.set_failure("unknown_flow");
      } else if (message.flow_id() == "draining") {
        response.mutable_draining()->mutable_time_left()->set_seconds(5);
      } else if (std::string reply = fake_.on_message ? fake_.on_message(message.message()) : message.message();
                 !reply.empty()) {
        v1::IncomingMessage& echo = *response.add_messages();
        echo.set_flow_id(message.flow_id());
        echo.set_message(std::move(reply));
        if (message.flow_id() == "edge") Describe(*echo.mutable_origin());
      }
    }
    return response;
  }

  FakeBroker& fake_;
  Promise<bool> stopped_;
};

class FakeBroker::Outbound final : public v1::OutboundService::Service {
 public:
  explicit Outbound(FakeBroker& fake) : fake_(fake) {}

  grpc::Status EnsureFlowSet(grpc::ServerContext*, const v1::EnsureFlowSetRequest* request,
                             v1::EnsureFlowSetResponse* response) override {
    fake_.ensured.Set(*request);
    *response->mutable_flow_set() = fake_.flow_sets.at(0);
    return grpc::Status::OK;
  }

  grpc::Status GetFlowSet(grpc::ServerContext*, const v1::GetFlowSetRequest* request,
                          v1::GetFlowSetResponse* response) override {
    const auto found = std::ranges::find(fake_.flow_sets, request->name(), &v1::FlowSet::name);
    if (found == fake_.flow_sets.end()) return {grpc::StatusCode::NOT_FOUND, "unknown_flow: no flow set of that name"};
    *response->mutable_flow_set() = *found;
    return grpc::Status::OK;
  }

  grpc::Status ListFlowSets(grpc::ServerContext*, const v1::ListFlowSetsRequest* request,
                            v1::ListFlowSetsResponse* response) override {
    const std::size_t at = request->page_token().size();  // as many characters as pages before
    if (at < fake_.flow_sets.size()) *response->add_flow_sets() = fake_.flow_sets[at];
    if (at + 1 < fake_.flow_sets.size()) response->set_next_page_token(std::string(at + 1, 'x'));
    return grpc::Status::OK;
  }

  grpc::Status DeleteFlowSet(grpc::ServerContext*, const v1::DeleteFlowSetRequest* request,
                             v1::DeleteFlowSetResponse*) override {
    fake_.deleted_set.Set(request->name());
    return grpc::Status::OK;
  }

  grpc::Status ReportRegistration(grpc::ServerContext*, const v1::ReportRegistrationRequest* request,
                                  v1::ReportRegistrationResponse*) override {
    fake_.registration.Set(*request);
    return grpc::Status::OK;
  }

  grpc::Status WatchFlowSet(grpc::ServerContext* context, const v1::WatchFlowSetRequest* request,
                            grpc::ServerWriter<v1::WatchFlowSetResponse>* writer) override {
    return Stream(fake_.flow_set_events, request->after_sequence(), *context, *writer, stopped_);
  }

  void Stop() { stopped_.Set(true); }

 private:
  FakeBroker& fake_;
  Promise<bool> stopped_;
};

class FakeBroker::History final : public v1::HistoryService::Service {
 public:
  explicit History(FakeBroker& fake) : fake_(fake) {}

  grpc::Status ListFamilyPreferences(grpc::ServerContext*, const v1::ListFamilyPreferencesRequest* request,
                                     v1::ListFamilyPreferencesResponse* response) override {
    const std::string next =
        Page(fake_.preferences, request->page_token(), 2, [&](const auto& row) { *response->add_preferences() = row; });
    response->set_next_page_token(next);
    return grpc::Status::OK;
  }

  grpc::Status GetReachability(grpc::ServerContext*, const v1::GetReachabilityRequest* request,
                               v1::GetReachabilityResponse* response) override {
    fake_.asked.Set(*request);
    if (request->host() != "known") return {grpc::StatusCode::NOT_FOUND, "nothing is known of it"};
    v1::TargetReachability& target = *response->add_targets();
    target.set_transport(v1::TRANSPORT_TLS);
    target.mutable_endpoint()->set_address("2001:db8::1");
    target.mutable_endpoint()->set_port(5061);
    target.set_reachability(v1::REACHABILITY_UNREACHABLE);
    target.set_level(v1::MEMORY_LEVEL_PREFIX);
    target.set_failure("timed_out");
    return grpc::Status::OK;
  }

  grpc::Status ListRaces(grpc::ServerContext*, const v1::ListRacesRequest* request,
                         v1::ListRacesResponse* response) override {
    const std::size_t count = std::min<std::size_t>(2, request->page_size());
    const std::string next = Page(fake_.races, request->page_token(), count, [&](const v1::Race& race) {
      if (request->host().empty() || request->host() == race.host()) *response->add_races() = race;
    });
    response->set_next_page_token(next);
    return grpc::Status::OK;
  }

  grpc::Status ResetHistory(grpc::ServerContext*, const v1::ResetHistoryRequest* request,
                            v1::ResetHistoryResponse* response) override {
    fake_.reset.Set(*request);
    response->set_targets(1);
    response->set_prefixes(2);
    return grpc::Status::OK;
  }

  grpc::Status WatchPreferences(grpc::ServerContext* context, const v1::WatchPreferencesRequest* request,
                                grpc::ServerWriter<v1::WatchPreferencesResponse>* writer) override {
    return Stream(fake_.preference_events, request->after_sequence(), *context, *writer, stopped_);
  }

  void Stop() { stopped_.Set(true); }

 private:
  /// Gives `add` a page of `all`; returns the token of the next one.
  template <typename Row, typename Add>
  static std::string Page(const std::vector<Row>& all, const std::string& token, std::size_t count, Add add) {
    std::size_t at = token.empty() ? 0 : std::stoul(token);
    for (const std::size_t end = std::min(all.size(), at + count); at < end; ++at) add(all[at]);
    return at < all.size() ? std::to_string(at) : "";
  }

  FakeBroker& fake_;
  Promise<bool> stopped_;
};

FakeBroker::FakeBroker()
    : broker_(std::make_unique<Broker>(*this)),
      flows_(std::make_unique<Flows>(*this)),
      edge_(std::make_unique<Edge>(*this)),
      history_(std::make_unique<History>(*this)),
      outbound_(std::make_unique<Outbound>(*this)) {
  std::string pattern = (std::filesystem::temp_directory_path() / "flowbroker-test-XXXXXX").string();
  directory_ = ::mkdtemp(pattern.data());
  address_ = "unix:" + directory_ + "/broker.sock";
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address_, grpc::InsecureServerCredentials());
  builder.RegisterService(broker_.get());
  builder.RegisterService(flows_.get());
  builder.RegisterService(edge_.get());
  builder.RegisterService(outbound_.get());
  builder.RegisterService(history_.get());
  server_ = builder.BuildAndStart();
}

void FakeBroker::Stop() {
  if (!server_) return;
  release_relay.Set(true);
  flows_->Stop();
  edge_->Stop();
  history_->Stop();
  outbound_->Stop();
  server_->Shutdown(std::chrono::system_clock::now());
  server_.reset();
}

FakeBroker::~FakeBroker() {
  Stop();
  std::filesystem::remove_all(directory_);
}

}  // namespace flowbroker::client
