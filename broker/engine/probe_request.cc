#include "broker/engine/probe_request.h"

#include "broker/sip/options_probe.h"

namespace flowbroker::engine {
namespace {

/// 128 random bits, so that no peer can guess the branch of a probe it has not seen.
std::string MakeToken(RandomSource& random) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string token;
  for (int half = 0; half < 2; ++half) {
    std::uint64_t bits = random.NextBits();
    for (int i = 0; i < 16; ++i, bits >>= 4U) token += kDigits[bits & 15U];
  }
  return token;
}

}  // namespace

ProbeRequest MakeProbeRequest(const Target& target, const Endpoint& local, RandomSource& random) {
  const IpAddress& address = target.endpoint.address;
  const std::string host = address.is_ipv4() ? address.ToString() : "[" + address.ToString() + "]";
  const std::string token = MakeToken(random);
  return {sip::WriteOptionsProbe({.target = target, .local = local, .token = token, .uri_host = host}),
          sip::OptionsProbeBranch(token)};
}

flow::ProbeOptions ProbeOptionsFor(const BrokerState& state, const history::Path& path, TimePoint now) {
  const auto expected = state.history.Expect(path, AttemptStage::kProbe, now);
  const auto estimate = expected ? std::optional(expected->estimate) : std::nullopt;
  return {.t1 = history::AdviseTimers(estimate, state.options.timers).t1,
          .time_limit = state.options.racing.probe_timeout};
}

}  // namespace flowbroker::engine
