#include "broker/bindings/tenant_names.h"

#include <gtest/gtest.h>

namespace flowbroker::bindings {
namespace {

TEST(TenantNamesTest, ATenantIsKnownWhileItHasBindings) {
  TenantNames names;
  EXPECT_FALSE(names.Find("a"));
  const auto a = names.Add("a");
  EXPECT_EQ(names.Add("a"), a);
  EXPECT_NE(names.Add(""), a);
  EXPECT_EQ(names.NameOf(a), "a");
  EXPECT_EQ(names.CountOf("a"), 2U);
  names.Remove(a);
  EXPECT_EQ(names.Find("a"), a);
  names.Remove(a);
  EXPECT_FALSE(names.Find("a"));
  EXPECT_EQ(names.CountOf("a"), 0U);
}

TEST(TenantNamesTest, NumbersOfThoseGoneAreGivenAgain) {
  TenantNames names;
  for (int n = 0; n < 1000; ++n) names.Remove(names.Add("tenant " + std::to_string(n)));
  EXPECT_LE(names.Add("last"), 1U);
}

}  // namespace
}  // namespace flowbroker::bindings
