#include "broker/base/hash_chains.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_random.h"

namespace flowbroker {
namespace {

RecordIndex FindExactly(const HashChains& chains, std::uint32_t hash, RecordIndex index) {
  return chains.Find(hash, [index](RecordIndex found) { return found == index; });
}

TEST(HashChainsTest, FindsAllWhileItGrowsAndNoneThatWasErased) {
  constexpr RecordIndex kCount = 10'000;
  testing::SeededRandom random{3};
  std::vector<std::uint32_t> hashes;
  HashChains chains;
  for (RecordIndex index = 0; index < kCount; ++index) {
    hashes.push_back(static_cast<std::uint32_t>(random.NextBits()));
    chains.Insert(index, hashes.back());
    ASSERT_EQ(FindExactly(chains, hashes[index / 2], index / 2), index / 2);
  }
  for (RecordIndex index = 0; index < kCount; index += 2) chains.Erase(index);
  for (RecordIndex index = 0; index < kCount; ++index) {
    ASSERT_EQ(FindExactly(chains, hashes[index], index), index % 2 == 0 ? kNoRecord : index);
  }
}

TEST(HashChainsTest, ManyOfOneHashAreToldApartByTheOwner) {
  HashChains chains;
  for (RecordIndex index = 0; index < 100; ++index) chains.Insert(index, 7);
  for (RecordIndex index = 0; index < 100; ++index) EXPECT_EQ(FindExactly(chains, 7, index), index);
}

TEST(HashChainsTest, ChainsStayShort) {
  testing::SeededRandom random{4};
  HashChains chains;
  std::vector<std::uint32_t> hashes;
  for (RecordIndex index = 0; index < 100'000; ++index) {
    hashes.push_back(static_cast<std::uint32_t>(random.NextBits()));
    chains.Insert(index, hashes.back());
  }
  std::size_t asked = 0;
  for (const std::uint32_t hash : hashes) {
    chains.Find(hash, [&asked](RecordIndex) { return ++asked, false; });
  }
  EXPECT_LT(asked, hashes.size() * 101 / 100) << "nobody is asked about records of other hashes";
}

TEST(HashChainsTest, ReplaceKeepsThePlace) {
  HashChains chains;
  chains.Insert(0, 5);
  chains.Insert(1, 5);
  chains.Replace(0, 9);
  EXPECT_EQ(FindExactly(chains, 5, 0), kNoRecord);
  EXPECT_EQ(FindExactly(chains, 5, 9), 9U);
  EXPECT_EQ(FindExactly(chains, 5, 1), 1U);
  chains.Erase(9);
  EXPECT_EQ(FindExactly(chains, 5, 9), kNoRecord);
  EXPECT_EQ(FindExactly(chains, 5, 1), 1U);
}

}  // namespace
}  // namespace flowbroker
