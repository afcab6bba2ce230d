#include "broker/net/token_keys.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/seeded_random.h"
#include "tests/support/token_vectors.h"

namespace flowbroker::net {
namespace {

using Keys = std::shared_ptr<const TokenKeys>;

const std::string kFirst = "000102030405060708090a0b0c0d0e0f10111213";
const std::string kSecond = "2b7e151628aed2a6abf7158809cf4f3c762e7160";

Keys Parse(const std::string& text) {
  return TokenKeys::Parse(text, "keys").value();
}

std::string Refusal(const std::string& text) {
  const auto keys = TokenKeys::Parse(text, "keys");
  return keys ? "accepted" : keys.error().detail;
}

const flow::FlowAddresses& AFlow() {
  static const flow::FlowAddresses flow = testing::TokenVectors().front().flow;
  return flow;
}

std::string Mint(const TokenKeys& keys) {
  return flow::MintToken(AFlow(), keys.minting_key(), keys).value();
}

TEST(TokenKeysTest, E3_MintsAndReadsThePublishedVectors) {
  const Keys keys = Parse("7 " + std::string(testing::kVectorKeyHex));
  for (const auto& [flow, token] : testing::TokenVectors()) {
    EXPECT_EQ(flow::MintToken(flow, keys->minting_key(), *keys).value(), token);
    EXPECT_EQ(flow::ReadToken(token, *keys).value(), flow);
  }
}

TEST(TokenKeysTest, TheFirstLineMintsAndAllVerify) {
  const Keys before = Parse("3 " + kFirst + "\n4 " + kSecond + "\n");
  const Keys after = Parse("4 " + kSecond + "\n3 " + kFirst + "\n");
  EXPECT_EQ(before->minting_key(), 3);
  EXPECT_EQ(after->minting_key(), 4);
  EXPECT_EQ(flow::ReadToken(Mint(*before), *after).value(), AFlow());
  EXPECT_EQ(flow::ReadToken(Mint(*after), *before).value(), AFlow());
}

TEST(TokenKeysTest, AKeyTakenOutVerifiesNoMore) {
  const Keys after = Parse("4 " + kSecond);
  EXPECT_EQ(flow::ReadToken(Mint(*Parse("3 " + kFirst)), *after).error(), flow::TokenDefect::kUnknownKey);
  EXPECT_EQ(flow::ReadToken(Mint(*Parse("4 " + kFirst)), *after).error(), flow::TokenDefect::kForged);
}

TEST(TokenKeysTest, CommentsBlanksAndLineEndsDoNotMatter) {
  const Keys keys = Parse("# of March\r\n\r\n \t255\t" + kSecond + "  # mints\r\n\n0 " + kFirst);
  EXPECT_EQ(keys->minting_key(), 255);
  EXPECT_TRUE(flow::ReadToken(Mint(*Parse("0 " + kFirst)), *keys));
}

TEST(TokenKeysTest, SaysTheLineButNothingOfTheKey) {
  const std::string id = "token keys keys, line 2: begins with no key id from 0 to 255";
  const std::string key = "token keys keys, line 2: its key is not 40 hexadecimal digits";
  EXPECT_EQ(Refusal("# comment\n256 " + kFirst), id);
  EXPECT_EQ(Refusal("# comment\n-1 " + kFirst), id);
  EXPECT_EQ(Refusal("# comment\n" + kFirst + " 1"), id);
  EXPECT_EQ(Refusal("# comment\n" + kFirst), id);
  EXPECT_EQ(Refusal("# comment\n1"), key);
  EXPECT_EQ(Refusal("# comment\n1 " + kFirst.substr(1)), key);
  EXPECT_EQ(Refusal("# comment\n1 " + kFirst + "0"), key);
  EXPECT_EQ(Refusal("# comment\n1 " + kFirst.substr(2) + "0x"), key);
  EXPECT_EQ(Refusal("# comment\n1 " + kFirst.substr(2) + "-1"), key);
  EXPECT_EQ(Refusal("# comment\n1 " + kFirst + " " + kSecond), key);
  EXPECT_EQ(Refusal("1 " + kFirst + "\n1 " + kSecond), "token keys keys, line 2: key id 1 stands above already");
  EXPECT_EQ(Refusal(""), "token keys keys: no key");
  EXPECT_EQ(Refusal("# none\n\n"), "token keys keys: no key");
}

class TokenKeyFileTest : public ::testing::Test {
 protected:
  void Write(const std::string& text) const { std::ofstream(path_) << text; }
  void TearDown() override { std::filesystem::remove(path_); }

  const std::string path_ = ::testing::TempDir() + "token_keys_" + std::to_string(getpid());
};

TEST_F(TokenKeyFileTest, AFileIsReadLikeItsText) {
  Write("7 " + kFirst + "\n");
  EXPECT_EQ(Mint(*TokenKeys::ReadFile(path_).value()), testing::TokenVectors().front().token);
}

TEST_F(TokenKeyFileTest, NamesTheFileThatIsNotThere) {
  EXPECT_EQ(TokenKeys::ReadFile(path_).error().detail, "token keys " + path_ + ": No such file or directory");
  EXPECT_EQ(TokenKeys::ReadFile("/dev/zero").error().detail, "token keys /dev/zero: larger than any list of 256 keys");
  EXPECT_EQ(TokenKeys::ReadFile("/").error().detail, "token keys /: Is a directory");
}

TEST_F(TokenKeyFileTest, AFileOfTheLargestSizeIsRead) {
  const std::string line = "7 " + kFirst + "\n";
  Write(line + std::string(TokenKeys::kMaxFileOctets - line.size(), '\n'));
  EXPECT_TRUE(TokenKeys::ReadFile(path_));
  Write(line + std::string(TokenKeys::kMaxFileOctets - line.size() + 1, '\n'));
  EXPECT_FALSE(TokenKeys::ReadFile(path_));
}

TEST(TokenKeysTest, RandomKeysVerifyTheirOwnTokensOnly) {
  testing::SeededRandom random{5};
  const Keys keys = TokenKeys::Random(random).value();
  const Keys others = TokenKeys::Random(random).value();
  EXPECT_EQ(flow::ReadToken(Mint(*keys), *keys).value(), AFlow());
  EXPECT_FALSE(flow::ReadToken(Mint(*keys), *others));
}

TEST(TokenKeysTest, ManyThreadsMayUseOneObject) {
  const Keys keys = Parse("7 " + kFirst);
  const std::string_view token = testing::TokenVectors().front().token;
  std::vector<int> read(4);
  std::vector<std::thread> threads;
  threads.reserve(read.size());
  for (int& count : read) {
    threads.emplace_back([&count, &keys, token] {
      for (int i = 0; i < 2000; ++i) count += flow::ReadToken(token, *keys) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(read, std::vector<int>(4, 2000));
}

}  // namespace
}  // namespace flowbroker::net
