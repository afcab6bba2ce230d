#include "clients/cpp/watch.h"

#include <utility>

#include "clients/cpp/watch_call.h"

namespace flowbroker::client {

Watch::Watch(std::shared_ptr<EventLoop> loop, std::shared_ptr<State> state)
    : loop_(std::move(loop)), state_(std::move(state)) {}

Watch::~Watch() {
  state_->Abandon(loop_->OnThread());
}

std::uint64_t Watch::last_sequence() const {
  return state_->last_sequence();
}

}  // namespace flowbroker::client
