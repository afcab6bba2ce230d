#include <gtest/gtest.h>

#include "clients/cpp/flowbroker_client.h"
#include "tests/unit/clients/fake_broker.h"

namespace flowbroker::client {
namespace {

using namespace std::chrono_literals;

const std::string kAor = "sip:alice@example.org";
const std::string kInstance = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

void Describe(const std::string& flow_id, std::uint32_t reg_id, v1::Binding& binding) {
  binding.set_aor(kAor);
  binding.set_contact("<sip:alice@192.0.2.1>;q=0.5");
  binding.set_contact_uri("sip:alice@192.0.2.1");
  binding.set_instance_id(kInstance);
  binding.set_reg_id(reg_id);
  binding.add_path("sip:t@192.0.2.9;lr");
  binding.set_flow_id(flow_id);
  binding.set_q(0.5);
  binding.mutable_expires_in()->set_seconds(60);
  binding.mutable_age()->set_seconds(2);
}

class EdgeClientTest : public ::testing::Test {
 protected:
  FakeBroker broker_;
  Client client_{{.address = broker_.address()}};
};

TEST_F(EdgeClientTest, AKeepAliveHasAMethodAndPerhapsTheTimeTheServerGave) {
  ASSERT_TRUE(client_.SetKeepAlive("f", {.method = KeepAliveMethod::kStun, .flow_timer = 120s}));
  const auto timed = broker_.keep_alive.Wait();
  EXPECT_EQ(timed->flow_id(), "f");
  EXPECT_EQ(timed->method(), v1::KEEP_ALIVE_METHOD_STUN);
  EXPECT_EQ(timed->flow_timer().seconds(), 120);
  ASSERT_TRUE(client_.SetKeepAlive("f", {.method = KeepAliveMethod::kNone}));
  EXPECT_EQ(broker_.keep_alive.Wait()->method(), v1::KEEP_ALIVE_METHOD_NONE);
  EXPECT_FALSE(broker_.keep_alive.Wait()->has_flow_timer());
}

TEST_F(EdgeClientTest, ATokenIsMintedForAFlowAndNamesItAgain) {
  const auto token = client_.MintToken("f");
  ASSERT_TRUE(token) << token.error().ToString();
  const auto live = client_.VerifyToken(*token);
  ASSERT_TRUE(live) << live.error().ToString();
  EXPECT_EQ(live->state, TokenState::kLive);
  EXPECT_EQ(live->flow_id, "f");
  EXPECT_FALSE(live->sip_status);
  EXPECT_EQ(live->transport, Transport::kTcp);
  EXPECT_EQ(live->local->ToString(), "192.0.2.9:5060");
  EXPECT_EQ(live->remote->ToString(), "[2001:db8::2]:40000");
}

TEST_F(EdgeClientTest, AForgedTokenSaysNothingOfAFlow) {
  const auto forged = client_.VerifyToken("x");
  ASSERT_TRUE(forged) << forged.error().ToString();
  EXPECT_EQ(forged->state, TokenState::kForged);
  EXPECT_EQ(forged->sip_status, 403);
  EXPECT_EQ(forged->flow_id, "");
  EXPECT_EQ(forged->transport, Transport::kUnknown);
  EXPECT_FALSE(forged->local);
  EXPECT_FALSE(forged->remote);
}

TEST_F(EdgeClientTest, ARegisterIsStoredContactByContact) {
  const std::string contact = "<sip:a@b>, <sip:c@d>;expires=0";
  const auto contacts = client_.Bind(
      {.aor = kAor, .contact = contact, .path = "<sip:t@p;lr>", .flow_id = "f", .expires = std::chrono::hours(2)});
  ASSERT_TRUE(contacts) << contacts.error().ToString();
  ASSERT_EQ(contacts->size(), 2U);
  EXPECT_EQ((*contacts)[0].contact_uri, "sip:a@b");
  EXPECT_EQ((*contacts)[0].change, BindingChange::kReplaced);
  EXPECT_EQ((*contacts)[0].expires_in, 600s);
  EXPECT_EQ((*contacts)[1].change, BindingChange::kUnbound);
  EXPECT_EQ((*contacts)[1].expires_in, 0s);
  const auto sent = broker_.bound.Wait();
  EXPECT_EQ(sent->aor(), kAor);
  EXPECT_EQ(sent->contact(), contact);
  EXPECT_EQ(sent->path(), "<sip:t@p;lr>");
  EXPECT_EQ(sent->flow_id(), "f");
  EXPECT_EQ(sent->expires().seconds(), 7200);
}

TEST_F(EdgeClientTest, AnExpiresOfZeroIsSaidAndNoneIsNot) {
  ASSERT_TRUE(client_.Bind({.aor = kAor, .contact = "*", .expires = 0s}));
  EXPECT_TRUE(broker_.bound.Wait()->has_expires());
  ASSERT_TRUE(client_.Bind({.aor = kAor, .contact = "<sip:a@b>", .flow_id = "f"}));
  EXPECT_FALSE(broker_.bound.Wait()->has_expires());
}

TEST_F(EdgeClientTest, BindingsAreTakenOutOneOrAll) {
  EXPECT_EQ(client_.Unbind({.aor = kAor}), 2U);
  EXPECT_EQ(broker_.unbound.Wait()->instance_id(), "");
  EXPECT_EQ(broker_.unbound.Wait()->reg_id(), 0U);
  ASSERT_TRUE(client_.Unbind({.aor = kAor, .instance_id = kInstance, .reg_id = 7}));
  EXPECT_EQ(broker_.unbound.Wait()->instance_id(), kInstance);
  EXPECT_EQ(broker_.unbound.Wait()->reg_id(), 7U);
  ASSERT_TRUE(client_.Unbind({.aor = kAor, .contact_uri = "sip:a@b"}));
  EXPECT_EQ(broker_.unbound.Wait()->aor(), kAor);
  EXPECT_EQ(broker_.unbound.Wait()->contact_uri(), "sip:a@b");
}

TEST_F(EdgeClientTest, TargetsComeInOrderWithTheOtherFlowsOfTheirInstance) {
  v1::BindingTarget& first = broker_.targets.emplace_back();
  Describe("f1", 1, *first.mutable_binding());
  Describe("f2", 2, *first.add_next());
  Describe("f3", 0, *broker_.targets.emplace_back().mutable_binding());
  const auto targets = client_.LookupBindings(kAor);
  ASSERT_TRUE(targets) << targets.error().ToString();
  ASSERT_EQ(targets->size(), 2U);
  const Binding& binding = (*targets)[0].binding;
  EXPECT_EQ(binding.aor, kAor);
  EXPECT_EQ(binding.contact, "<sip:alice@192.0.2.1>;q=0.5");
  EXPECT_EQ(binding.contact_uri, "sip:alice@192.0.2.1");
  EXPECT_EQ(binding.instance_id, kInstance);
  EXPECT_EQ(binding.reg_id, 1U);
  EXPECT_EQ(binding.path, std::vector<std::string>{"sip:t@192.0.2.9;lr"});
  EXPECT_EQ(binding.flow_id, "f1");
  EXPECT_EQ(binding.q, 0.5);
  EXPECT_EQ(binding.expires_in, 60s);
  EXPECT_EQ(binding.age, 2s);
  ASSERT_EQ((*targets)[0].next.size(), 1U);
  EXPECT_EQ((*targets)[0].next[0].flow_id, "f2");
  EXPECT_EQ((*targets)[1].binding.flow_id, "f3");
  EXPECT_FALSE((*targets)[1].binding.reg_id);
  EXPECT_TRUE(client_.LookupBindings("sip:nobody@example.org")->empty());
}

TEST_F(EdgeClientTest, AWatchOfBindingsResumesAndEndsWithTheBroker) {
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    v1::BindingEvent& event = broker_.binding_events.emplace_back();
    event.set_sequence(sequence);
    event.set_change(sequence == 3 ? v1::BINDING_CHANGE_FLOW_ENDED : v1::BINDING_CHANGE_BOUND);
    Describe("f" + std::to_string(sequence), 1, *event.mutable_binding());
  }
  Promise<std::uint64_t> ready;
  Collector<BindingEvent> events;
  Promise<Error> closed;
  const auto watch = client_.WatchBindings({.after_sequence = 1, .aor = kAor},
                                           {.on_ready = [&](std::uint64_t latest) { ready.Set(latest); },
                                            .on_event = [&](BindingEvent event) { events.Add(std::move(event)); },
                                            .on_closed = [&](Error error) { closed.Set(std::move(error)); }});
  EXPECT_EQ(ready.Wait(), 3U);
  const auto seen = events.WaitFor(2);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].change, BindingChange::kBound);
  EXPECT_EQ(seen[0].binding.flow_id, "f2");
  EXPECT_EQ(seen[1].change, BindingChange::kFlowEnded);
  EXPECT_EQ(broker_.watched_aor.Wait(), kAor);
  broker_.Stop();
  EXPECT_EQ(closed.Wait()->code, Code::kUnavailable);
  EXPECT_EQ(watch->last_sequence(), 3U);
}

TEST_F(EdgeClientTest, AMessageOfAUserAgentSaysWhereItCameIn) {
  Collector<IncomingMessage> messages;
  const auto relay =
      client_.OpenRelay({}, {.on_message = [&](IncomingMessage message) { messages.Add(std::move(message)); }});
  ASSERT_TRUE(relay->Send("edge", "REGISTER"));
  ASSERT_TRUE(relay->Send("other", "INVITE"));
  const auto came = messages.WaitFor(2);
  ASSERT_EQ(came.size(), 2U);
  ASSERT_TRUE(came[0].origin);
  EXPECT_EQ(came[0].message, "REGISTER");
  EXPECT_EQ(came[0].origin->listener, "tcp:192.0.2.9:5060");
  EXPECT_EQ(came[0].origin->token, "token of edge");
  EXPECT_EQ(came[0].origin->transport, Transport::kTcp);
  EXPECT_EQ(came[0].origin->remote.ToString(), "[2001:db8::2]:40000");
  EXPECT_TRUE(came[0].origin->states_other_address);
  EXPECT_FALSE(came[1].origin);
}

}  // namespace
}  // namespace flowbroker::client
