// Flow tokens, by Google Benchmark: how many are minted and verified per second and core. The aim: >= 10^6 verified.

#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "broker/flow/flow_token.h"
#include "broker/net/token_keys.h"

namespace flowbroker::bench {
namespace {

const net::TokenKeys& Keys() {
  static const auto keys = net::TokenKeys::Parse("7 000102030405060708090a0b0c0d0e0f10111213", "bench").value();
  return *keys;
}

flow::FlowAddresses Flow(bool ipv4) {
  const auto at = [](const char* address, std::uint16_t port) { return Endpoint{*IpAddress::Parse(address), port}; };
  if (ipv4) return {Transport::kUdp, at("192.0.2.1", 5060), at("198.51.100.77", 49152)};
  return {Transport::kUdp, at("2001:db8::1", 5060), at("2001:db8:ffff::4d", 49152)};
}

void Verify(benchmark::State& state, const std::string& token) {
  for (auto _ : state) benchmark::DoNotOptimize(flow::ReadToken(token, Keys()));
  state.SetItemsProcessed(state.iterations());
}

void VerifyToken(benchmark::State& state) {
  Verify(state, *flow::MintToken(Flow(state.range(0) == 4), 7, Keys()));
}
BENCHMARK(VerifyToken)->Arg(4)->Arg(6)->Threads(1)->Threads(2)->UseRealTime();

void RefuseForgedToken(benchmark::State& state) {
  std::string token = *flow::MintToken(Flow(true), 7, Keys());
  token[0] = token[0] == 'A' ? 'B' : 'A';
  Verify(state, token);
}
BENCHMARK(RefuseForgedToken);

void MintToken(benchmark::State& state) {
  const flow::FlowAddresses flow = Flow(state.range(0) == 4);
  for (auto _ : state) benchmark::DoNotOptimize(flow::MintToken(flow, 7, Keys()));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(MintToken)->Arg(4)->Arg(6);

}  // namespace
}  // namespace flowbroker::bench

BENCHMARK_MAIN();
