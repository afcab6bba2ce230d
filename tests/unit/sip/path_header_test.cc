#include "broker/sip/path_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace flowbroker::sip {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

PathHeader Path(std::string_view value) {
  const Expected<PathHeader> path = ReadPath(value);
  EXPECT_TRUE(path) << value << ": " << path.error().detail;
  return path.value();
}

std::string WhatIsWrong(std::string_view value) {
  const Expected<PathHeader> path = ReadPath(value);
  if (path) return "nothing";
  EXPECT_EQ(path.error().reason, FailureReason::kInvalidArgument);
  EXPECT_EQ(path.error().field, "path");
  return path.error().detail;
}

// RFC 3327 s.5.5.1: P3 is nearest to the registrar.
TEST(PathHeaderTest, ReadsTheUrisInOrder) {
  const PathHeader path =
      Path("<sip:P3.EXAMPLEHOME.COM;lr>,\r\n <sip:P1.EXAMPLEVISITED.COM;lr> ;x=\"a,b\" , P0 <sips:p0;lr>");
  EXPECT_THAT(path.uris, ElementsAre("sip:P3.EXAMPLEHOME.COM;lr", "sip:P1.EXAMPLEVISITED.COM;lr", "sips:p0;lr"));
  EXPECT_EQ(path.TopUser(), std::nullopt);
}

// E1: draft-ietf-sip-outbound-02 s.5.1 puts the flow token there; base64 needs '+', '/' and '='.
TEST(PathHeaderTest, TheTopmostUrisUserIsTheFlowToken) {
  EXPECT_EQ(Path("<sip:VskztcQ/S8p4WPbOnHbuyh5iJvJIW3ib@ep1.example.com;lr;ob>, <sip:b@p2>").TopUser(),
            "VskztcQ/S8p4WPbOnHbuyh5iJvJIW3ib");
  EXPECT_EQ(Path("<sip:a+b/c=@[2001:db8::1]:5060;lr>").TopUser(), "a+b/c=");
  EXPECT_EQ(Path("<sip:a:secret@ep1>").TopUser(), "a");
  EXPECT_EQ(Path("<tel:+4930>").TopUser(), std::nullopt);
  EXPECT_EQ(Path("<sip:a@>").TopUser(), std::nullopt);
  EXPECT_EQ(PathHeader{}.TopUser(), std::nullopt);
}

TEST(PathHeaderTest, SaysWhatIsWrong) {
  EXPECT_THAT(WhatIsWrong(""), HasSubstr("no address"));
  EXPECT_THAT(WhatIsWrong("<sip:a;lr>,"), HasSubstr("no address"));
  EXPECT_THAT(WhatIsWrong("sip:a;lr"), HasSubstr("not in '<' and '>'"));
  EXPECT_THAT(WhatIsWrong("*"), HasSubstr("not in '<' and '>'"));
  EXPECT_THAT(WhatIsWrong("<*>"), HasSubstr("not in '<' and '>'"));
  EXPECT_THAT(WhatIsWrong("<sip:a;lr>\r\nVia: x"), HasSubstr("control character"));
}

TEST(PathHeaderTest, NumberAndLengthAreLimited) {
  std::string value = "<sip:a;lr>";
  for (std::size_t i = 1; i < kMaxPathUris; ++i) value += ",<sip:a;lr>";
  EXPECT_EQ(WhatIsWrong(value), "nothing");
  EXPECT_THAT(WhatIsWrong(value + ",<sip:a;lr>"), HasSubstr("more than 16 URIs"));
  EXPECT_THAT(WhatIsWrong("<sip:" + std::string(kMaxPathOctets, 'a') + ">"), HasSubstr("longer than 8192"));
}

}  // namespace
}  // namespace flowbroker::sip
