#include <utility>

#include "clients/cpp/connection.h"

namespace flowbroker::client {
namespace {

using Outbound = v1::OutboundService::StubInterface;

}  // namespace

Result<FlowSet> Client::EnsureFlowSet(const FlowSetRequest& request) {
  return connection_->Call(*connection_->outbound, &Outbound::EnsureFlowSet, ToProto(request), {})
      .map([](const v1::EnsureFlowSetResponse& response) { return FromProto(response.flow_set()); });
}

Result<FlowSet> Client::GetFlowSet(const std::string& name) {
  v1::GetFlowSetRequest request;
  request.set_name(name);
  return connection_->Call(*connection_->outbound, &Outbound::GetFlowSet, request, {})
      .map([](const v1::GetFlowSetResponse& response) { return FromProto(response.flow_set()); });
}

Result<std::vector<FlowSet>> Client::ListFlowSets() {
  std::vector<FlowSet> sets;
  v1::ListFlowSetsRequest request;
  request.set_page_size(1000);
  do {
    const auto page = connection_->Call(*connection_->outbound, &Outbound::ListFlowSets, request, {});
    if (!page) return tl::unexpected(page.error());
    for (const v1::FlowSet& set : page->flow_sets()) sets.push_back(FromProto(set));
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return sets;
}

Result<void> Client::DeleteFlowSet(const std::string& name) {
  v1::DeleteFlowSetRequest request;
  request.set_name(name);
  return connection_->Call(*connection_->outbound, &Outbound::DeleteFlowSet, request, {}).map([](const auto&) {});
}

Result<void> Client::ReportRegistration(const RegistrationReport& report) {
  return connection_->Call(*connection_->outbound, &Outbound::ReportRegistration, ToProto(report), {})
      .map([](const auto&) {});
}

std::unique_ptr<Watch> Client::WatchFlowSet(FlowSetWatchOptions options, WatchHandlers<FlowSetEvent> handlers) {
  v1::WatchFlowSetRequest request;
  request.set_name(options.name);
  request.set_after_sequence(options.after_sequence);
  return connection_->Open(connection_->outbound, &Outbound::PrepareAsyncWatchFlowSet, request, std::move(handlers));
}

}  // namespace flowbroker::client
