#include "broker/sip/instance_id.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/support/seeded_random.h"

namespace flowbroker::sip {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

InstanceId Id(std::string_view urn) {
  const Expected<InstanceId> id = InstanceId::Parse(urn);
  EXPECT_TRUE(id) << urn << ": " << id.error().detail;
  return id.value();
}

std::string WhatIsWrong(std::string_view urn) {
  const Expected<InstanceId> id = InstanceId::Parse(urn);
  if (id) return "nothing";
  EXPECT_EQ(id.error().reason, FailureReason::kInvalidArgument);
  EXPECT_EQ(id.error().field, "instance_id");
  return id.error().detail;
}

// O1, B5: draft-ietf-sip-outbound-02 s.4.1 and s.8 use this one.
TEST(InstanceIdTest, UuidsAreEqualInAnyCase) {
  const InstanceId id = Id("urn:uuid:0C67446E-F1A1-11D9-94D3-000A95A0E128");
  EXPECT_EQ(id, Id("URN:UUID:0c67446e-f1a1-11d9-94d3-000a95a0e128"));
  EXPECT_EQ(id.text(), "urn:uuid:0c67446e-f1a1-11d9-94d3-000a95a0e128");
  EXPECT_NE(id, Id("urn:uuid:0C67446E-F1A1-11D9-94D3-000A95A0E129"));
  EXPECT_EQ(std::hash<InstanceId>{}(id), std::hash<InstanceId>{}(Id("Urn:Uuid:0C67446e-F1A1-11D9-94D3-000A95A0E128")));
}

// B5: the examples of RFC 8141 s.3.2.
TEST(InstanceIdTest, UrnsAreEqualAsRfc8141Says) {
  const InstanceId id = Id("urn:example:a123,z456");
  for (const char* same :
       {"URN:example:a123,z456", "urn:EXAMPLE:a123,z456", "urn:example:a123,z456?+abc", "urn:example:a123,z456?=xyz",
        "urn:example:a123,z456#789", "urn:example:a123,z456?+r?=q#f"}) {
    EXPECT_EQ(id, Id(same)) << same;
  }
  for (const char* other : {"urn:example:a123,z456/foo", "urn:example:a123,z456/bar", "urn:example:a123%2Cz456",
                            "urn:example:A123,z456", "urn:example:a123,Z456", "urn:example:%D0%B0123,z456"}) {
    EXPECT_NE(id, Id(other)) << other;
  }
  EXPECT_EQ(Id("urn:example:a123%2Cz456"), Id("URN:EXAMPLE:a123%2cz456"));
}

TEST(InstanceIdTest, ItsTextIsReadAsItself) {
  for (const char* urn : {"URN:UUID:00000000-0000-0000-0000-000A95A0E128", "urn:gsma:imei:90420156-025763-0",
                          "Urn:Ab-1:x%2F%aF/@~?+r", "urn:a1:(+),-.:=@;$_!*'&~"}) {
    EXPECT_EQ(Id(Id(urn).text()), Id(urn)) << urn;
  }
}

TEST(InstanceIdTest, SaysWhatIsWrong) {
  EXPECT_THAT(WhatIsWrong(""), HasSubstr("must begin with urn:"));
  EXPECT_THAT(WhatIsWrong("uuid:0C67446E-F1A1-11D9-94D3-000A95A0E128"), HasSubstr("must begin with urn:"));
  EXPECT_THAT(WhatIsWrong("<urn:example:a>"), HasSubstr("must begin with urn:"));
  for (const char* urn : {"urn:", "urn::a", "urn:a:b", "urn:-ab:c", "urn:ab-:c", "urn:a_b:c", "urn:ab",
                          "urn:abcdefghijklmnopqrstuvwxyz0123456:c"}) {
    EXPECT_THAT(WhatIsWrong(urn), HasSubstr("namespace")) << urn;
  }
  for (const char* urn : {"urn:ab:", "urn:ab:/c", "urn:ab:c d", "urn:ab:c\r\n", "urn:ab:\"", "urn:ab:c>", "urn:ab:%",
                          "urn:ab:%4", "urn:ab:%4g", "urn:ab:?=q", "urn:ab:\xc3\xa9"}) {
    EXPECT_THAT(WhatIsWrong(urn), HasSubstr("name of allowed characters")) << urn;
  }
  EXPECT_THAT(WhatIsWrong(std::string_view("urn:ab:c\0d", 10)), HasSubstr("name of allowed characters"));
  for (const char* urn : {"urn:ab:c?", "urn:ab:c?d", "urn:ab:c?+", "urn:ab:c?=", "urn:ab:c?=q?+r#<", "urn:ab:c#f#g"}) {
    EXPECT_THAT(WhatIsWrong(urn), HasSubstr("what follows")) << urn;
  }
  EXPECT_THAT(WhatIsWrong("urn?:ab:c"), HasSubstr("must begin"));
}

TEST(InstanceIdTest, AUuidHasItsForm) {
  for (const char* uuid :
       {"0C67446EF1A111D994D3000A95A0E128", "0C67446E-F1A1-11D9-94D3-000A95A0E12", "{0C67446E-F1A1-11D9}",
        "0C67446E-F1A1-11D9-94D3-000A95A0E12G", "0C67446EF-1A1-11D9-94D3-000A95A0E128"}) {
    EXPECT_NE(WhatIsWrong("urn:uuid:" + std::string(uuid)), "nothing") << uuid;
  }
}

TEST(InstanceIdTest, LengthIsLimited) {
  const std::string start = "urn:ab:";
  EXPECT_EQ(WhatIsWrong(start + std::string(InstanceId::kMaxLength - start.size(), 'c')), "nothing");
  EXPECT_THAT(WhatIsWrong(start + std::string(InstanceId::kMaxLength - start.size() + 1, 'c')),
              HasSubstr("more than 256"));
}

TEST(InstanceIdTest, AFreshOneIsARandomUuid) {
  testing::SeededRandom random{3};
  std::set<InstanceId> made;
  for (int i = 0; i < 1000; ++i) {
    const InstanceId id = InstanceId::Make(random);
    EXPECT_EQ(Id(id.text()), id);
    EXPECT_THAT(id.text(),
                MatchesRegex("urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    made.insert(id);
  }
  EXPECT_EQ(made.size(), 1000U);
}

}  // namespace
}  // namespace flowbroker::sip
