#include "broker/bindings/binding_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/seeded_random.h"

namespace flowbroker::bindings {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const std::string kAlice = "sip:alice@example.com";
const std::string kPhone = "urn:uuid:0c67446e-f1a1-11d9-94d3-000a95a0e128";
const std::string kLaptop = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
constexpr std::size_t kAll = 1000;

class BindingTableTest : public ::testing::Test {
 protected:
  flow::FlowId NewFlow() { return flow::FlowId::Make(0, random_); }

  /// An Outbound user agent.
  BindRequest Instance(const std::string& instance, std::uint32_t reg_id, const std::string& aor = kAlice) {
    return {.key = {.aor = aor,
                    .instance_id = sip::InstanceId::Parse(instance).value(),
                    .reg_id = reg_id,
                    .contact_uri = {}},
            .flow = NewFlow(),
            .contact = "<sip:alice@10.0.0.1>;+sip.instance=\"<" + instance + ">\";reg-id=" + std::to_string(reg_id)};
  }

  /// One that knows nothing of Outbound.
  BindRequest Plain(const std::string& uri, const std::string& aor = kAlice) {
    return {.key = {.aor = aor, .contact_uri = uri}, .flow = NewFlow(), .contact = "<" + uri + ">"};
  }

  BindOutcome Bind(const BindRequest& request) { return table_.Bind(request, now_).value(); }
  FailureReason Refused(const BindRequest& request) { return RefusedBy(table_, request).reason; }
  Failure RefusedBy(BindingTable& table, const BindRequest& request) {
    const auto outcome = table.Bind(request, now_);
    return outcome ? Failure{FailureReason::kInternal, "accepted"} : outcome.error();
  }

  std::vector<LookupTarget> Lookup(const std::string& aor = kAlice) { return table_.Lookup({}, aor, now_); }

  /// Contacts in the order of Lookup; those of one target separated by a slash.
  std::vector<std::string> Contacts() {
    std::vector<std::string> contacts;
    for (const LookupTarget& target : Lookup()) {
      contacts.push_back(target.binding.contact);
      for (const Binding& next : target.next) contacts.back() += " / " + next.contact;
    }
    return contacts;
  }

  testing::SeededRandom random_{17};
  TimePoint now_ = TimePoint{} + hours(1);
  BindingTable table_{{}, random_};
};

TEST_F(BindingTableTest, B2_StoresFlowContactPathAndTimes) {
  BindRequest request = Instance(kPhone, 1);
  request.key.tenant = "example.com";
  request.path = {"<sip:token@edge.example.com;lr>", "<sip:inner.example.com;lr>"};
  request.q = {500};
  request.expires = minutes(10);
  EXPECT_EQ(Bind(request).expires, now_ + minutes(10));
  const auto targets = table_.Lookup("example.com", kAlice, now_);
  ASSERT_EQ(targets.size(), 1U);
  const Binding expected{request.key, request.flow, request.contact, request.path, request.q, now_, now_ + minutes(10)};
  EXPECT_EQ(targets[0].binding, expected);
}

TEST_F(BindingTableTest, B1_InstanceAndRegIdTellBindingsApart) {
  EXPECT_EQ(Bind(Instance(kPhone, 1)).change, BindingChange::kBound);
  EXPECT_EQ(Bind(Instance(kPhone, 2)).change, BindingChange::kBound);
  EXPECT_EQ(Bind(Instance(kLaptop, 1)).change, BindingChange::kBound);
  EXPECT_EQ(Bind(Instance(kPhone, 1, "sip:bob@example.com")).change, BindingChange::kBound);
  EXPECT_EQ(Bind(Instance(kPhone, 1)).change, BindingChange::kReplaced);
  EXPECT_EQ(table_.size(), 4U);
}

TEST_F(BindingTableTest, B5_EqualUrnsAreOneInstance) {
  Bind(Instance(kPhone, 1));
  EXPECT_EQ(Bind(Instance("URN:UUID:0C67446E-F1A1-11D9-94D3-000A95A0E128", 1)).change, BindingChange::kReplaced);
}

TEST_F(BindingTableTest, B1_TheContactUriDoesNotMatterWithAnInstance) {
  BindRequest moved = Instance(kPhone, 1);
  Bind(moved);
  moved.key.contact_uri = "sip:alice@10.9.9.9";
  moved.contact = "<sip:alice@10.9.9.9>";
  EXPECT_EQ(Bind(moved).change, BindingChange::kRefreshed);
  EXPECT_EQ(Contacts(), std::vector<std::string>{"<sip:alice@10.9.9.9>"});
}

TEST_F(BindingTableTest, B1_BothKindsLiveUnderOneAor) {
  Bind(Instance(kPhone, 1));
  Bind(Plain("sip:alice@10.0.0.2"));
  Bind(Plain(kPhone));  // the same text, but no instance-id
  EXPECT_EQ(Lookup().size(), 3U);
  EXPECT_EQ(Bind(Plain("sip:alice@10.0.0.2")).change, BindingChange::kReplaced);
  EXPECT_EQ(table_.size(), 3U);
}

TEST_F(BindingTableTest, B1_ARegIdWithoutInstanceMeansNothing) {
  BindRequest request = Plain("sip:alice@10.0.0.2");
  Bind(request);
  request.key.reg_id = 1;
  EXPECT_EQ(Bind(request).change, BindingChange::kRefreshed);
  EXPECT_EQ(Lookup()[0].binding.key.reg_id, std::nullopt);
}

TEST_F(BindingTableTest, B2_AReRegistrationReplacesTheFlow) {
  const BindRequest first = Instance(kPhone, 1);
  Bind(first);
  now_ += seconds(10);
  const BindRequest second = Instance(kPhone, 1);
  const BindOutcome outcome = Bind(second);
  EXPECT_EQ(outcome.change, BindingChange::kReplaced);
  EXPECT_EQ(outcome.previous_flow, first.flow);
  EXPECT_EQ(Lookup()[0].binding.flow, second.flow);
  EXPECT_EQ(Lookup()[0].binding.updated, now_);
  EXPECT_TRUE(table_.OnFlowClosed(first.flow).empty()) << "nothing uses the old flow";
  EXPECT_EQ(table_.OnFlowClosed(second.flow).size(), 1U);
}

TEST_F(BindingTableTest, B2_ARefreshOverTheSameFlowKeepsIt) {
  const BindRequest request = Instance(kPhone, 1);
  Bind(request);
  now_ += minutes(59);
  EXPECT_EQ(Bind(request).change, BindingChange::kRefreshed);
  now_ += minutes(59);
  EXPECT_TRUE(table_.OnTimer(now_, kAll).empty());
  EXPECT_EQ(table_.OnFlowClosed(request.flow).size(), 1U);
}

TEST_F(BindingTableTest, B3_OrdersByQThenByRecency) {
  for (const auto& [uri, q] : std::vector<std::pair<std::string, std::uint16_t>>{
           {"sip:old@h", 500}, {"sip:new@h", 500}, {"sip:low@h", 100}, {"sip:high@h", 1000}}) {
    BindRequest request = Plain(uri);
    request.q = {q};
    Bind(request);
    now_ += seconds(1);
  }
  EXPECT_EQ(Contacts(), (std::vector<std::string>{"<sip:high@h>", "<sip:new@h>", "<sip:old@h>", "<sip:low@h>"}));
}

TEST_F(BindingTableTest, B3_NeverOffersTwoOfOneInstance) {
  BindRequest first = Instance(kPhone, 1);
  BindRequest second = Instance(kPhone, 2);
  BindRequest other = Instance(kLaptop, 1);
  first.contact = "phone 1";
  second.contact = "phone 2";
  other.contact = "laptop";
  for (const BindRequest& request : {first, other, second}) {
    Bind(request);
    now_ += seconds(1);
  }
  EXPECT_EQ(Contacts(), (std::vector<std::string>{"phone 2 / phone 1", "laptop"}));
  table_.OnFlowClosed(second.flow);
  EXPECT_EQ(Contacts(), (std::vector<std::string>{"laptop", "phone 1"}));
}

TEST_F(BindingTableTest, B4_AFlowTakesAllItsBindingsAlongWhateverTheirAor) {
  const flow::FlowId flow = NewFlow();
  std::vector<std::string> aors;
  for (int n = 0; n < 50; ++n) {
    aors.push_back("sip:user" + std::to_string(n) + "@example.com");
    BindRequest request = Plain("sip:trunk@10.0.0.1", aors.back());
    request.flow = flow;
    Bind(request);
    Bind(Plain("sip:other@10.0.0.2", aors.back()));
  }
  const auto events = table_.OnFlowClosed(flow);
  EXPECT_EQ(events.size(), 50U);
  for (const BindingEvent& event : events) {
    EXPECT_EQ(event.change, BindingChange::kFlowEnded);
    EXPECT_EQ(event.binding.flow, flow);
  }
  for (const std::string& aor : aors) {
    ASSERT_EQ(Lookup(aor).size(), 1U);
    EXPECT_EQ(Lookup(aor)[0].binding.contact, "<sip:other@10.0.0.2>");
  }
  EXPECT_TRUE(table_.OnFlowClosed(flow).empty());
}

TEST_F(BindingTableTest, B5_RegIdsAreFrom1To2To31Minus1) {
  EXPECT_EQ(Refused(Instance(kPhone, 0)), FailureReason::kInvalidArgument);
  EXPECT_EQ(Refused(Instance(kPhone, 0x80000000)), FailureReason::kInvalidArgument);
  EXPECT_EQ(RefusedBy(table_, Instance(kPhone, 0)).field, "reg_id");
  Bind(Instance(kPhone, 1));
  Bind(Instance(kPhone, 0x7FFFFFFF));
}

TEST_F(BindingTableTest, B6_PolicyRefusesThoseWithoutOutbound) {
  BindingTable strict({.require_outbound = true}, random_);
  BindRequest no_reg_id = Instance(kPhone, 1);
  no_reg_id.key.reg_id.reset();
  EXPECT_EQ(RefusedBy(strict, Plain("sip:alice@10.0.0.2")).field, "instance_id");
  EXPECT_EQ(RefusedBy(strict, no_reg_id).field, "reg_id");
  EXPECT_TRUE(strict.Bind(Instance(kPhone, 1), now_));
  EXPECT_TRUE(table_.Bind(no_reg_id, now_)) << "without the policy it is welcome";
}

TEST_F(BindingTableTest, TenantsShareNoAor) {
  BindRequest a = Plain("sip:alice@10.0.0.1");
  BindRequest b = a;
  a.key.tenant = "a";
  b.key.tenant = "b";
  Bind(a);
  EXPECT_EQ(Bind(b).change, BindingChange::kBound);
  EXPECT_EQ(table_.Lookup("a", kAlice, now_).size(), 1U);
  EXPECT_TRUE(Lookup().empty());
  EXPECT_TRUE(table_.Unbind(a.key));
  EXPECT_EQ(table_.Lookup("b", kAlice, now_).size(), 1U);
}

TEST_F(BindingTableTest, WhatExpiredIsNotOfferedAndGoesWithTheTimer) {
  BindRequest request = Plain("sip:alice@10.0.0.1");
  request.expires = seconds(60);
  Bind(request);
  Bind(Plain("sip:alice@10.0.0.2"));
  now_ += seconds(60);
  EXPECT_EQ(Lookup().size(), 1U);
  const auto events = table_.OnTimer(table_.NextDeadline(), kAll);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].change, BindingChange::kExpired);
  EXPECT_EQ(events[0].binding.key, request.key);
  EXPECT_EQ(table_.size(), 1U);
  EXPECT_TRUE(table_.OnFlowClosed(request.flow).empty());
}

TEST_F(BindingTableTest, NobodyIsBoundLongerThanTheLongestExpiry) {
  BindRequest request = Plain("sip:alice@10.0.0.1");
  request.expires = Duration::max();
  EXPECT_EQ(Bind(request).expires, now_ + hours(24));
}

TEST_F(BindingTableTest, UnbindTakesOneOutAndUnbindAllTheWholeAor) {
  const BindRequest phone = Instance(kPhone, 1);
  Bind(phone);
  Bind(Instance(kPhone, 2));
  Bind(Plain("sip:alice@10.0.0.2"));
  Bind(Plain("sip:bob@10.0.0.3", "sip:bob@example.com"));
  const auto event = table_.Unbind(phone.key);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->change, BindingChange::kUnbound);
  EXPECT_EQ(event->binding.flow, phone.flow);
  EXPECT_FALSE(table_.Unbind(phone.key));
  EXPECT_EQ(table_.UnbindAll({}, kAlice).size(), 2U);
  EXPECT_EQ(table_.size(), 1U);
  EXPECT_EQ(Lookup("sip:bob@example.com").size(), 1U);
}

TEST_F(BindingTableTest, EveryLimitIsNamedAndARefreshIsNeverRefusedByOne) {
  BindingTable table({.max_bindings = 3, .max_bindings_per_tenant = 2, .max_bindings_per_aor = 1}, random_);
  const auto of = [this](const std::string& tenant, const std::string& aor) {
    BindRequest request = Plain("sip:x@h", aor);
    request.key.tenant = tenant;
    return request;
  };
  BindRequest second = of("a", "sip:1@h");
  second.key.contact_uri = "sip:y@h";
  ASSERT_TRUE(table.Bind(of("a", "sip:1@h"), now_));
  EXPECT_EQ(RefusedBy(table, second).ToString(), "limit_reached: max_bindings_per_aor");
  ASSERT_TRUE(table.Bind(of("a", "sip:2@h"), now_));
  EXPECT_EQ(RefusedBy(table, of("a", "sip:3@h")).ToString(), "limit_reached: max_bindings_per_tenant");
  ASSERT_TRUE(table.Bind(of("b", "sip:3@h"), now_));
  EXPECT_EQ(RefusedBy(table, of("c", "sip:4@h")).ToString(), "limit_reached: max_bindings");
  EXPECT_TRUE(table.Bind(of("a", "sip:1@h"), now_));
  table.UnbindAll("a", "sip:1@h");
  EXPECT_TRUE(table.Bind(of("a", "sip:3@h"), now_)) << "what has gone makes room";
}

TEST_F(BindingTableTest, AFlowHasSoManyBindingsWhateverTheirAor) {
  BindingTable table({.max_bindings_per_flow = 2}, random_);
  const auto shared = NewFlow();
  const auto over = [&](const flow::FlowId& flow, const std::string& aor) {
    BindRequest request = Plain("sip:x@h", aor);
    request.flow = flow;
    return request;
  };
  ASSERT_TRUE(table.Bind(over(shared, "sip:1@h"), now_));
  ASSERT_TRUE(table.Bind(over(shared, "sip:2@h"), now_));
  EXPECT_EQ(RefusedBy(table, over(shared, "sip:3@h")).ToString(), "limit_reached: max_bindings_per_flow");
  EXPECT_TRUE(table.Bind(over(shared, "sip:1@h"), now_)) << "a refresh";
  ASSERT_TRUE(table.Bind(over(NewFlow(), "sip:3@h"), now_));
  EXPECT_EQ(RefusedBy(table, over(shared, "sip:3@h")).ToString(), "limit_reached: max_bindings_per_flow") << "to move";
  table.UnbindAll("", "sip:1@h");  // the first of the chain
  EXPECT_TRUE(table.Bind(over(shared, "sip:3@h"), now_));
  EXPECT_FALSE(table.Bind(over(shared, "sip:1@h"), now_));
  EXPECT_EQ(table.OnFlowClosed(shared).size(), 2U);
  EXPECT_TRUE(table.Bind(over(shared, "sip:1@h"), now_));
}

TEST_F(BindingTableTest, TheContactsOfOneRegisterAreBoundAllOrNone) {  // RFC 3261 s.10.3
  BindingTable table({.max_bindings_per_aor = 2}, random_);
  const std::vector three{Plain("sip:1@h"), Plain("sip:2@h"), Plain("sip:3@h")};
  EXPECT_FALSE(table.BindAll(three, now_));
  EXPECT_EQ(table.size(), 0U);
  std::vector two{three[0], three[1]};
  two[1].expires = seconds(0);
  EXPECT_FALSE(table.BindAll(two, now_));
  EXPECT_EQ(table.size(), 0U);
  two[1].expires = seconds(60);
  const auto outcomes = table.BindAll(two, now_);
  ASSERT_TRUE(outcomes);
  EXPECT_EQ(outcomes->back().expires, now_ + seconds(60));
  EXPECT_EQ(table.size(), 2U);
}

TEST_F(BindingTableTest, TextsAreBoundedAndCannotEndAHeaderField) {
  BindRequest longest = Plain("sip:x@h");
  longest.contact.assign(4096 - longest.key.aor.size() - longest.key.contact_uri.size(), 'x');
  EXPECT_TRUE(table_.Bind(longest, now_));
  longest.contact += 'x';
  EXPECT_EQ(RefusedBy(table_, longest).ToString(), "limit_reached: max_octets");

  BindRequest many = Plain("sip:x@h");
  many.path.assign(70'000, "p");
  EXPECT_EQ(RefusedBy(table_, many).ToString(), "limit_reached: max_octets");

  for (const char* field : {"aor", "contact", "contact_uri", "path"}) {
    BindRequest request = Plain("sip:x@h");
    if (field == std::string("aor")) request.key.aor += '\n';
    if (field == std::string("contact")) request.contact += "\r\nEvil: 1";
    if (field == std::string("contact_uri")) request.key.contact_uri += '\x7F';
    if (field == std::string("path")) request.path = {"<sip:a;lr>", std::string("\0", 1)};
    EXPECT_EQ(RefusedBy(table_, request).field, field);
  }
}

TEST_F(BindingTableTest, WhatIsMissingIsNamed) {
  BindRequest request = Plain("sip:x@h");
  request.key.aor.clear();
  EXPECT_EQ(RefusedBy(table_, request).field, "aor");
  EXPECT_EQ(RefusedBy(table_, Plain("")).field, "contact_uri");
  request = Plain("sip:x@h");
  request.contact.clear();
  EXPECT_EQ(RefusedBy(table_, request).field, "contact");
  request = Plain("sip:x@h");
  request.expires = Duration::zero();
  EXPECT_EQ(RefusedBy(table_, request).field, "expires");
  request = Plain("sip:x@h");
  request.q = {1001};
  EXPECT_EQ(RefusedBy(table_, request).field, "q");
}

}  // namespace
}  // namespace flowbroker::bindings
