// The pure hot paths, by Google Benchmark: reading a message head, framing a stream, finding a flow, one race.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "broker/flow/flow_pool.h"
#include "broker/racing/race.h"
#include "broker/sip/message_framer.h"
#include "broker/sip/message_head.h"

namespace flowbroker::bench {
namespace {

constexpr std::size_t kMessageBytes = 500;

std::string Message() {
  const std::string head =
      "MESSAGE sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bK-0123456789;rport\r\n"
      "Max-Forwards: 70\r\nFrom: <sip:alice@example.org>;tag=49583\r\nTo: <sip:bob@example.org>\r\n"
      "Call-ID: 843817637684230@198sdasdh09\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: ";
  const std::size_t body = kMessageBytes - head.size() - 7;
  return head + std::to_string(body) + "\r\n\r\n" + std::string(body, 'x');
}

void ReadHead(benchmark::State& state) {
  const std::string message = Message();
  for (auto _ : state) benchmark::DoNotOptimize(sip::ReadMessageHead(message));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ReadHead);

// As a busy socket gives them: reads of `range` octets out of a stream of messages.
void Frame(benchmark::State& state) {
  constexpr std::size_t kMessages = 256;
  std::string stream;
  for (std::size_t n = 0; n < kMessages; ++n) stream += Message();
  const auto cut = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    sip::MessageFramer framer(sip::FramerLimits{});
    std::size_t found = 0;
    for (std::size_t at = 0; at < stream.size(); at += cut) {
      framer.Append(std::string_view(stream).substr(at, cut));
      while (framer.Next()) ++found;
      framer.Compact();
    }
    if (found != kMessages) state.SkipWithError("messages were lost");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kMessages));
}
BENCHMARK(Frame)->Arg(kMessageBytes)->Arg(1460)->Arg(65536);

class SeededRandom final : public RandomSource {
 public:
  std::uint64_t NextBits() override { return engine_(); }

 private:
  std::mt19937_64 engine_{1};
};

Target TargetNumber(std::uint32_t number) {
  const auto octet = [number](int shift) { return static_cast<std::uint8_t>(number >> shift); };
  return {.endpoint = {.address = IpAddress::FromIpv4({10, octet(16), octet(8), octet(0)}), .port = 5060},
          .transport = Transport::kTcp};
}

// A pool of `range` flows to as many targets.
struct FilledPool {
  explicit FilledPool(std::uint32_t count) : pool(flow::PoolLimits{}) {
    SeededRandom random;
    for (std::uint32_t n = 0; n < count; ++n) {
      ids.push_back(flow::FlowId::Make(0, random));
      pool.Add(ids.back(), {.remote = TargetNumber(n)}, {n}, TargetNumber(0).endpoint, {}, false, TimePoint{});
    }
  }
  std::vector<flow::FlowId> ids;
  flow::FlowPool pool;
};

void FindById(benchmark::State& state) {
  FilledPool filled(static_cast<std::uint32_t>(state.range(0)));
  std::size_t n = 0;
  for (auto _ : state) {
    n = (n + 7919) % filled.ids.size();
    benchmark::DoNotOptimize(filled.pool.Find(filled.ids[n]));
  }
}
BENCHMARK(FindById)->Arg(1)->Arg(100'000);

void FindShareable(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  FilledPool filled(count);
  flow::FlowKey key{.remote = TargetNumber(0)};
  std::uint32_t n = 0;
  for (auto _ : state) {
    n = (n + 7919) % count;
    key.remote = TargetNumber(n);
    benchmark::DoNotOptimize(filled.pool.FindShareable(key));
  }
}
BENCHMARK(FindShareable)->Arg(1)->Arg(100'000);

// From the list of candidates to the winner: the first is silent, the second completes.
void RaceOfTwo(benchmark::State& state) {
  using namespace racing;
  const std::vector<Candidate> candidates{{TargetNumber(1), 0}, {TargetNumber(2), 0}};
  for (auto _ : state) {
    TimePoint now{};
    Race race(RaceOptions{}, {});
    benchmark::DoNotOptimize(race.On(CandidatesChanged{candidates, true, false}, now));
    now = race.NextDeadline();
    benchmark::DoNotOptimize(race.On(TimerFired{}, now));
    now += std::chrono::milliseconds(20);
    benchmark::DoNotOptimize(race.On(AttemptSucceeded{AttemptId{1}}, now));
    if (!race.finished()) state.SkipWithError("the race was not won");
  }
}
BENCHMARK(RaceOfTwo);

}  // namespace
}  // namespace flowbroker::bench

BENCHMARK_MAIN();
