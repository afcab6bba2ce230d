#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace {

std::string Read(const std::string& name) {
  std::ifstream file(CLIENTS_DIRECTORY + ("/" + name));
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ReadmeTest, ExampleIsTheOneThatIsCompiled) {
  const std::string example = Read("cpp/example.cc");
  ASSERT_FALSE(example.empty());
  EXPECT_NE(Read("README.md").find("```cpp\n" + example + "```\n"), std::string::npos);
}

}  // namespace
