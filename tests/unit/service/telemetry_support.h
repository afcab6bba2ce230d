#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

#include "broker/engine/broker_observer.h"
#include "tests/support/seeded_random.h"

namespace flowbroker::telemetry {

/// A pipe that collects what was logged.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~Pipe() {
    close(ends_[0]);
    if (ends_[1] >= 0) close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int in() const { return ends_[1]; }
  std::string ReadAll() {
    close(std::exchange(ends_[1], -1));
    std::string text;
    std::array<char, 4096> chunk{};
    for (ssize_t n = 0; (n = read(ends_[0], chunk.data(), chunk.size())) > 0;) {
      text.append(chunk.data(), static_cast<std::size_t>(n));
    }
    return text;
  }

 private:
  std::array<int, 2> ends_{};
};

inline engine::AcquireResult Failed(FailureReason reason) {
  return {Unexpected({reason, "why \"so\"\n"}), Trace{TimePoint(std::chrono::seconds(5)), {}}};
}

inline engine::AcquireResult Succeeded(engine::FlowSource source) {
  testing::SeededRandom random(1);
  return {engine::AcquiredFlow{.id = flow::FlowId::Make(0, random),
                               .remote = {{*IpAddress::Parse("192.0.2.1"), 5060}, Transport::kTcp},
                               .local = {*IpAddress::Parse("192.0.2.9"), 1234},
                               .source = source,
                               .timers = {}},
          Trace{TimePoint(std::chrono::seconds(5)), {}}};
}

/// An Acquire for a URI with much that must stay secret, as the observer is told of its end.
class Answered {
 public:
  explicit Answered(engine::AcquireResult result) : result_(std::move(result)) {
    destination_.to = *sip::SipUri::Parse("sip:alice:secret@example.org;user=phone?Subject=private");
  }

  engine::AnsweredAcquire After(Duration took) const {
    return {.result = result_, .took = took, .destination = destination_, .owner = owner_};
  }
  flow::Owner& owner() { return owner_; }

 private:
  engine::AcquireResult result_;
  engine::Destination destination_;
  flow::Owner owner_;
};

}  // namespace flowbroker::telemetry
