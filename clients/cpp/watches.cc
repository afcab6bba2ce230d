#include <utility>

#include "clients/cpp/flow_watch.h"
#include "clients/cpp/preference_watch.h"
#include "clients/cpp/watch_call.h"

namespace flowbroker::client {

FlowWatch::FlowWatch(std::shared_ptr<EventLoop> loop, std::shared_ptr<State> state)
    : loop_(std::move(loop)), state_(std::move(state)) {}

FlowWatch::~FlowWatch() {
  state_->Abandon(loop_->OnThread());
}

std::uint64_t FlowWatch::last_sequence() const {
  return state_->last_sequence();
}

PreferenceWatch::PreferenceWatch(std::shared_ptr<EventLoop> loop, std::shared_ptr<State> state)
    : loop_(std::move(loop)), state_(std::move(state)) {}

PreferenceWatch::~PreferenceWatch() {
  state_->Abandon(loop_->OnThread());
}

std::uint64_t PreferenceWatch::last_sequence() const {
  return state_->last_sequence();
}

}  // namespace flowbroker::client
