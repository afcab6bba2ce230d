// Names that lead to one place share one flow where they may (O3): over UDP and TCP always, over TLS where the verified
// certificate carries the other name as well.

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>

#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {
namespace {

using engine::AcquireResult;
using engine::FlowSource;
using std::chrono::seconds;

constexpr const char* kAddress = "192.0.2.10";
constexpr const char* kA = "sips:a.example:5061";
constexpr const char* kB = "sips:b.example:5061";

Target On(Transport transport) {
  return {{*IpAddress::Parse(kAddress), 5061}, transport};
}

class ReuseTest : public ::testing::Test {
 protected:
  explicit ReuseTest(engine::BrokerOptions options = {}) : shard_(1, std::move(options)) {
    shard_.Host("a.example", {kAddress});
    shard_.Host("b.example", {kAddress});
  }
  /// The server's certificate carries `name` besides the one it is asked for.
  void Certify(std::string_view name) { shard_.Script(On(Transport::kTls), {.certified = name}); }

  AcquireResult Acquire(const std::string& uri) {
    AcquireResult result = shard_.AcquireNow(uri).first;
    if (!result.flow) throw std::logic_error(result.flow.error().ToString());
    return result;
  }

  ScriptedShard shard_;
};

class WithoutTlsReuseTest : public ReuseTest {
 protected:
  WithoutTlsReuseTest() : ReuseTest(Options()) {}

  static engine::BrokerOptions Options() {
    engine::BrokerOptions options;
    options.flows.tls_reuse = false;
    return options;
  }
};

TEST_F(ReuseTest, AFlowServesEveryNameOfItsPlaceWithoutTls_O3) {
  for (const Transport transport : {Transport::kTcp, Transport::kUdp}) {
    shard_.Script(On(transport), {});
    const std::string suffix = transport == Transport::kTcp ? ".example:5061;transport=tcp" : ".example:5061";
    const auto a = Acquire("sip:a" + suffix);
    const auto b = Acquire("sip:b" + suffix);
    EXPECT_EQ(a.flow->id, b.flow->id) << ToString(transport);
    EXPECT_EQ(b.flow->source, FlowSource::kPooled);
  }
}

TEST_F(ReuseTest, ATlsFlowServesANameThatItsCertificateCarries_O3) {
  Certify("b.example");
  const auto a = Acquire(kA);
  const auto b = Acquire(kB);
  EXPECT_EQ(a.flow->id, b.flow->id);
  EXPECT_EQ(b.flow->source, FlowSource::kPooled);
  EXPECT_EQ(b.trace.steps.back().reason, "fresh flow; the certificate of a.example also carries b.example (O3)");
  EXPECT_EQ(shard_.connections_opened(), 1);
  EXPECT_EQ(shard_.AcquireNow(kB).second, Duration{0}) << "the second time by the fast path";
}

TEST_F(ReuseTest, ATlsFlowServesNoNameThatItsCertificateLacks_O3) {
  for (const char* other : {"c.example", "*.example", "b.example.org", ""}) {
    Certify(other);
    const auto a = Acquire(kA);
    const auto b = Acquire(kB);
    EXPECT_NE(a.flow->id, b.flow->id) << other;
    EXPECT_EQ(b.flow->source, FlowSource::kRaced);
    for (const auto& flow : {a, b})
      shard_.core().flows().Close(flow.flow->id, {}, {FailureReason::kIdle, ""}, shard_.now());
  }
}

TEST_F(ReuseTest, RacesOfTwoCertifiedNamesEndInOneFlow_O3) {
  Certify("b.example");
  const auto a = shard_.Acquire(kA);
  shard_.RunFor(std::chrono::milliseconds(5));
  const auto b = shard_.Acquire(kB);
  shard_.RunFor(seconds(1));
  EXPECT_EQ((*a)->flow->id, (*b)->flow->id);
  EXPECT_EQ(shard_.sockets_open(), 1U);
}

TEST_F(ReuseTest, AnOldFlowIsProbedBeforeItServesAnotherName_O3_S8) {
  Certify("b.example");
  const auto a = Acquire(kA);
  shard_.RunFor(seconds(40));
  const auto b = Acquire(kB);
  EXPECT_EQ(a.flow->id, b.flow->id);
  EXPECT_EQ(b.flow->source, FlowSource::kProbed);
}

TEST_F(ReuseTest, OwnersAndExclusiveFlowsStayApartWhateverTheCertificate_O3) {
  Certify("b.example");
  auto request = ScriptedShard::RequestFor(kA);
  request.exclusive = true;
  const auto exclusive = shard_.Acquire(request);
  shard_.RunFor(seconds(1));
  request.exclusive = false;
  request.owner.tenant = "other";
  const auto other = shard_.Acquire(request);
  shard_.RunFor(seconds(1));
  const auto b = Acquire(kB);
  EXPECT_NE(b.flow->id, (*exclusive)->flow->id);
  EXPECT_NE(b.flow->id, (*other)->flow->id);
  EXPECT_EQ(b.flow->source, FlowSource::kRaced);
}

TEST_F(WithoutTlsReuseTest, EveryNameHasItsOwnFlowOverTls) {
  Certify("b.example");
  const auto a = Acquire(kA);
  const auto b = Acquire(kB);
  EXPECT_NE(a.flow->id, b.flow->id);
  EXPECT_EQ(Acquire(kA).flow->id, a.flow->id) << "its own name still shares";
}

}  // namespace
}  // namespace flowbroker::simulation
