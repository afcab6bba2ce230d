#include "clients/cli/text.h"

#include <gtest/gtest.h>

namespace flowbroker::cli {
namespace {

using namespace std::chrono_literals;

TEST(CleanTest, TakesAwayWhatControlsATerminal) {
  EXPECT_EQ(Clean("a\033[31mb\x7f\r\n"), "a?[31mb???");
  EXPECT_EQ(Clean("a\tb\r\n", true), "a\tb\r\n");
  EXPECT_EQ(Clean("\xc2\x9b"
                  "31m"),
            "??31m");  // C1 control
  EXPECT_EQ(Clean("\xe2\x80\xae"
                  "abc"),
            "???abc");  // right-to-left override
}

TEST(CleanTest, KeepsValidTextAndReplacesWhatIsNot) {
  EXPECT_EQ(Clean("é→𝄞"), "é→𝄞");
  EXPECT_EQ(Clean("a\xff\xc3"), "a??");
  EXPECT_EQ(Clean("\xed\xa0\x80"), "???");       // surrogate
  EXPECT_EQ(Clean("\xf4\x90\x80\x80"), "????");  // beyond U+10FFFF
  EXPECT_EQ(Clean("\xc0\xaf"), "??");            // overlong
}

TEST(FitTest, PadsAndCutsByCharacters) {
  EXPECT_EQ(Fit("äb", 4), "äb  ");
  EXPECT_EQ(Fit("äbcdef", 4), "äbc…");
  EXPECT_EQ(Fit("abcd", 4), "abcd");
  EXPECT_EQ(Fit("abcd", 0), "");
}

TEST(WrapTest, BreaksBetweenWordsWherePossible) {
  EXPECT_EQ(Wrap("one two three", 8), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(Wrap("abcdefgh", 3), (std::vector<std::string>{"abc", "def", "gh"}));
  EXPECT_EQ(Wrap("", 3), (std::vector<std::string>{""}));
}

TEST(JustifyTest, PutsTextsAtBothEnds) {
  EXPECT_EQ(Justify("ab", "cd", 8), "ab    cd");
  EXPECT_EQ(Justify("abcd", "efgh", 8), "abcd  efgh");
}

TEST(FormatDurationTest, ShowsWhatMatters) {
  EXPECT_EQ(FormatDuration(38us), "38 us");
  EXPECT_EQ(FormatDuration(1240us), "1.2 ms");
  EXPECT_EQ(FormatDuration(243100us), "243.1 ms");
  EXPECT_EQ(FormatDuration(31980ms), "31.98 s");
  EXPECT_EQ(FormatDuration(500ms), "500 ms");
  EXPECT_EQ(FormatDuration(32s), "32 s");
  EXPECT_EQ(FormatDuration(5min), "5 min");
}

TEST(PaintTest, WithoutColourTextStaysAsItIs) {
  EXPECT_EQ(Paint("x", Colour::kRed, false), "x");
  EXPECT_EQ(Paint("x", Colour::kRed, true), "\033[31mx\033[0m");
}

}  // namespace
}  // namespace flowbroker::cli
