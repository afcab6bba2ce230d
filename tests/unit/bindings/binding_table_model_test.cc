#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "broker/bindings/binding_table.h"
#include "tests/support/seeded_random.h"

namespace flowbroker::bindings {
namespace {

using std::chrono::seconds;

/// The same as the table says it does, without any of its speed.
class Model {
 public:
  using Name = std::tuple<std::string, std::string, std::string, std::uint32_t>;

  static Name NameOf(const BindingKey& key) {
    return {key.tenant, key.aor, key.instance_id ? "i" + key.instance_id->text() : "c" + key.contact_uri,
            key.instance_id ? key.reg_id.value_or(0) : 0};
  }

  void Bind(const BindRequest& request, TimePoint now) {
    bindings_.insert_or_assign(NameOf(request.key), Binding{request.key, request.flow, request.contact, request.path,
                                                            request.q, now, now + request.expires});
  }
  bool Unbind(const BindingKey& key) { return bindings_.erase(NameOf(key)) > 0; }
  bool Matches(const Binding& binding) const {
    const auto found = bindings_.find(NameOf(binding.key));
    return found != bindings_.end() && found->second == binding;
  }
  template <typename Which>
  std::size_t Erase(Which&& which) {
    return std::erase_if(bindings_, [&which](const auto& entry) { return which(entry.second); });
  }
  template <typename Which>
  std::size_t Count(Which&& which) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(bindings_, [&which](const auto& entry) { return which(entry.second); }));
  }

 private:
  std::map<Name, Binding> bindings_;
};

class Exercise {
 public:
  explicit Exercise(std::uint64_t seed) : random_(seed), table_({.max_bindings_per_aor = 1000}, random_) {
    for (int n = 0; n < 12; ++n) flows_.push_back(flow::FlowId::Make(0, random_));
  }

  void Step() {
    switch (UniformUpTo(random_, 9)) {
      case 0:
        return Unbind();
      case 1:
        return CloseFlow();
      case 2:
      case 3:
        return PassTime();
      case 4:
        return Lookup();
      default:
        return Bind();
    }
  }

 private:
  std::string Any(const char* what, std::uint64_t last) { return what + std::to_string(UniformUpTo(random_, last)); }

  BindingKey AnyKey() {
    BindingKey key{.tenant = Any("t", 1), .aor = Any("sip:", 40)};
    if (UniformUpTo(random_, 1) == 0) {
      key.instance_id = sip::InstanceId::Parse(Any("urn:example:", 2)).value();
      key.reg_id = 1 + static_cast<std::uint32_t>(UniformUpTo(random_, 2));
    } else {
      key.contact_uri = Any("sip:", 3);
    }
    return key;
  }

  void Bind() {
    BindRequest request{.key = AnyKey(), .flow = flows_[UniformUpTo(random_, 11)], .contact = Any("c", 99)};
    for (std::uint64_t n = UniformUpTo(random_, 2); n > 0; --n) request.path.push_back(Any("p", 9));
    request.q = {static_cast<std::uint16_t>(UniformUpTo(random_, 2) * 500)};
    request.expires = seconds(1 + UniformUpTo(random_, 6000));
    ASSERT_TRUE(table_.Bind(request, now_));
    model_.Bind(request, now_);
  }

  void Unbind() {
    const BindingKey key = AnyKey();
    ASSERT_EQ(table_.Unbind(key).has_value(), model_.Unbind(key));
  }

  void CloseFlow() {
    const flow::FlowId flow = flows_[UniformUpTo(random_, 11)];
    const auto events = table_.OnFlowClosed(flow);
    for (const BindingEvent& event : events) ASSERT_TRUE(model_.Matches(event.binding));
    ASSERT_EQ(model_.Erase([&flow](const Binding& b) { return b.flow == flow; }), events.size());
  }

  void PassTime() {
    now_ += seconds(UniformUpTo(random_, 200));
    std::size_t expired = 0;
    while (table_.NextDeadline() <= now_) expired += table_.OnTimer(now_, 3).size();
    ASSERT_EQ(model_.Erase([this](const Binding& b) { return b.expires <= now_; }), expired);
  }

  void Lookup() {
    const BindingKey key = AnyKey();
    std::size_t found = 0;
    std::set<std::string> instances;
    for (const LookupTarget& target : table_.Lookup(key.tenant, key.aor, now_)) {
      ASSERT_TRUE(model_.Matches(target.binding));
      const auto& instance = target.binding.key.instance_id;
      ASSERT_TRUE(!instance || instances.insert(instance->text()).second) << "B3: two targets of one user agent";
      for (const Binding& next : target.next) {
        ASSERT_TRUE(model_.Matches(next));
        ASSERT_EQ(next.key.instance_id, instance) << "B3: not the same user agent";
      }
      found += 1 + target.next.size();
    }
    ASSERT_EQ(found,
              model_.Count([&key](const Binding& b) { return b.key.tenant == key.tenant && b.key.aor == key.aor; }));
  }

  testing::SeededRandom random_;
  TimePoint now_ = TimePoint{} + seconds(5000);
  BindingTable table_;
  Model model_;
  std::vector<flow::FlowId> flows_;
};

TEST(BindingTableModelTest, AgreesWithAPlainModelWhateverHappens) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Exercise exercise(seed);
    for (int step = 0; step < 3000; ++step) {
      exercise.Step();
      if (::testing::Test::HasFatalFailure()) FAIL() << "seed " << seed << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace flowbroker::bindings
