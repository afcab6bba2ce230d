#include "broker/sip/contact_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace flowbroker::sip {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

ContactHeader One(std::string_view value) {
  const Expected<std::vector<ContactHeader>> contacts = ReadContacts(value);
  EXPECT_TRUE(contacts) << value << ": " << contacts.error().detail;
  EXPECT_THAT(*contacts, SizeIs(1)) << value;
  return contacts.value().at(0);
}

std::string WhatIsWrong(std::string_view value) {
  const Expected<std::vector<ContactHeader>> contacts = ReadContacts(value);
  if (contacts) return "nothing";
  EXPECT_EQ(contacts.error().reason, FailureReason::kInvalidArgument);
  EXPECT_EQ(contacts.error().field, "contact");
  return contacts.error().detail;
}

// The Contact of draft-ietf-sip-outbound-02 s.8, message 1, with its fold and the bracket the draft's text lacks.
TEST(ContactHeaderTest, ReadsTheContactOfTheSpecification) {
  const ContactHeader contact =
      One("<sip:bob@192.0.2.2;transport=tcp>\r\n"
          "        ;+sip.instance=\"<urn:uuid:0C67446E-F1A1-11D9-94D3-000A95A0E128>\"\r\n"
          "        ;reg-id=1");
  EXPECT_EQ(contact.uri, "sip:bob@192.0.2.2;transport=tcp");
  EXPECT_EQ(contact.reg_id, 1U);
  ASSERT_TRUE(contact.instance);
  EXPECT_EQ(contact.instance->text(), "urn:uuid:0c67446e-f1a1-11d9-94d3-000a95a0e128");
  EXPECT_EQ(contact.expires, std::nullopt);
  EXPECT_EQ(contact.q, std::nullopt);
  EXPECT_EQ(contact.other_parameters, "");
  EXPECT_FALSE(contact.wildcard());
}

TEST(ContactHeaderTest, ReadsSeveralContactsWithTheirParameters) {
  const auto contacts = ReadContacts(
      R"("Mr. Watson, \"x\"" <sip:watson@a.example>;q=0.7; EXPIRES = 3600 ;methods="INVITE,BYE";audio , sip:w@b.example;x=[::1];q=1.0)");
  ASSERT_TRUE(contacts) << contacts.error().detail;
  ASSERT_THAT(*contacts, SizeIs(2));
  EXPECT_EQ((*contacts)[0].uri, "sip:watson@a.example");
  EXPECT_EQ((*contacts)[0].display_name, R"("Mr. Watson, \"x\"")");
  EXPECT_EQ((*contacts)[0].q, 700);
  EXPECT_EQ((*contacts)[0].expires, 3600U);
  EXPECT_EQ((*contacts)[0].other_parameters, R"(;methods="INVITE,BYE";audio)");
  EXPECT_EQ((*contacts)[1].uri, "sip:w@b.example");
  EXPECT_EQ((*contacts)[1].q, 1000);
  EXPECT_EQ((*contacts)[1].other_parameters, ";x=[::1]");
}

// RFC 3261 s.20.10: without brackets, what follows a semicolon belongs to the field, not to the URI.
TEST(ContactHeaderTest, WithoutBracketsParametersAreTheFields) {
  const ContactHeader contact = One("sip:a@b.example;transport=tcp;reg-id=2");
  EXPECT_EQ(contact.uri, "sip:a@b.example");
  EXPECT_EQ(contact.other_parameters, ";transport=tcp");
  EXPECT_EQ(contact.reg_id, 2U);
}

TEST(ContactHeaderTest, AStarStandsAlone) {
  EXPECT_TRUE(One("*").wildcard());
  EXPECT_TRUE(One(" *\t").wildcard());
  for (const char* value : {"*;expires=0", "*, <sip:a@b>", "<sip:a@b>, *", "<*>", "x <*>", "*,*"}) {
    EXPECT_THAT(WhatIsWrong(value), HasSubstr("'*' beside something else")) << value;
  }
}

// B5: reg-id is 1 to 2^31-1 (RFC 5626 s.11; draft-ietf-sip-outbound-02 s.9).
TEST(ContactHeaderTest, RegIdHasItsRange) {
  EXPECT_EQ(One("<sip:a@b>;reg-id=1").reg_id, 1U);
  EXPECT_EQ(One("<sip:a@b>;Reg-ID=2147483647").reg_id, 2147483647U);
  EXPECT_EQ(One("<sip:a@b>;reg-id=0007").reg_id, 7U);
  EXPECT_THAT(WhatIsWrong("<sip:a@b>;reg-id=0"), HasSubstr("reg-id is 0"));
  EXPECT_THAT(WhatIsWrong("<sip:a@b>;reg-id=000"), HasSubstr("reg-id is 0"));
  EXPECT_THAT(WhatIsWrong("<sip:a@b>;reg-id=2147483648"), HasSubstr("larger than 2147483647"));
  EXPECT_THAT(WhatIsWrong("<sip:a@b>;reg-id=18446744073709551617"), HasSubstr("larger than 2147483647"));
  for (const char* text : {"-1", "+1", "1.0", "1a", "0x1", "\"1\"", "\"\""}) {
    EXPECT_THAT(WhatIsWrong("<sip:a@b>;reg-id=" + std::string(text)), HasSubstr("reg-id is not a number")) << text;
  }
  EXPECT_THAT(WhatIsWrong("<sip:a@b>;reg-id"), HasSubstr("reg-id is not a number"));
}

TEST(ContactHeaderTest, NothingStandsThereTwice) {
  EXPECT_THAT(WhatIsWrong("<sip:a@b>;reg-id=1;REG-ID=1"), HasSubstr("reg-id stands there twice"));
  EXPECT_THAT(WhatIsWrong("<sip:a@b>;q=1;q=1"), HasSubstr("q stands there twice"));
  EXPECT_THAT(WhatIsWrong("<sip:a@b>;expires=1;expires=2"), HasSubstr("expires stands there twice"));
  EXPECT_THAT(WhatIsWrong(R"(<sip:a@b>;+sip.instance="<urn:ab:c>";+SIP.Instance="<urn:ab:c>")"),
              HasSubstr("+sip.instance stands there twice"));
  EXPECT_EQ(WhatIsWrong("<sip:a@b>;reg-id=1,<sip:a@b>;reg-id=1"), "nothing");
}

TEST(ContactHeaderTest, AnInstanceIsAUrnInQuotesAndBrackets) {
  for (const char* text : {"<urn:ab:c>", "\"urn:ab:c\"", "\"<urn:ab:c\"", "\"xurn:ab:c>\"", "\"\"", "\"<\""}) {
    EXPECT_NE(WhatIsWrong("<sip:a@b>;+sip.instance=" + std::string(text)), "nothing") << text;
  }
  EXPECT_THAT(WhatIsWrong(R"(<sip:a@b>;+sip.instance="<>")"), HasSubstr("must begin with urn:"));
  EXPECT_THAT(WhatIsWrong(R"(<sip:a@b>;+sip.instance="<urn:uuid:1>")"), HasSubstr("UUID"));
  EXPECT_THAT(WhatIsWrong("<sip:a@b>;+sip.instance"), HasSubstr("not \"<urn>\""));
}

TEST(ContactHeaderTest, QIsInThousandths) {
  const auto q = [](const char* text) { return One("<sip:a@b>;q=" + std::string(text)).q.value(); };
  EXPECT_EQ(q("0"), 0);
  EXPECT_EQ(q("0."), 0);
  EXPECT_EQ(q("0.001"), 1);
  EXPECT_EQ(q("0.25"), 250);
  EXPECT_EQ(q("1"), 1000);
  EXPECT_EQ(q("1.000"), 1000);
  for (const char* text : {"1.001", "2", "0.0001", ".5", "0,5", "00", "-0", "0.x", "\"1\""}) {
    EXPECT_NE(WhatIsWrong("<sip:a@b>;q=" + std::string(text)), "nothing") << text;
  }
}

// RFC 3261 s.20.10.
TEST(ContactHeaderTest, AMalformedExpiresIsAnHour) {
  const auto expires = [](const char* text) { return One("<sip:a@b>;expires" + std::string(text)).expires; };
  EXPECT_EQ(expires("=0"), 0U);
  EXPECT_EQ(expires("=4294967295"), UINT32_MAX);
  EXPECT_EQ(expires("=99999999999999999999999"), UINT32_MAX);
  EXPECT_EQ(expires("=soon"), 3600U);
  EXPECT_EQ(expires("=-1"), 3600U);
  EXPECT_EQ(expires("=\"60\""), 3600U);
  EXPECT_EQ(expires(""), 3600U);
}

TEST(ContactHeaderTest, SaysWhatIsWrong) {
  EXPECT_THAT(WhatIsWrong(""), HasSubstr("no address"));
  EXPECT_THAT(WhatIsWrong("<sip:a@b>,"), HasSubstr("no address"));
  EXPECT_THAT(WhatIsWrong(",<sip:a@b>"), HasSubstr("no address"));
  EXPECT_THAT(WhatIsWrong("<>"), HasSubstr("no address"));
  EXPECT_THAT(WhatIsWrong("<sip:a@b"), HasSubstr("'<' without '>'"));
  EXPECT_THAT(WhatIsWrong("\"a <sip:a@b>"), HasSubstr("a quoted name without its end"));
  EXPECT_THAT(WhatIsWrong("\"a\" sip:a@b"), HasSubstr("without an address in"));
  EXPECT_THAT(WhatIsWrong("alice"), HasSubstr("no URI"));
  EXPECT_THAT(WhatIsWrong("<sip: a@b>"), HasSubstr("no URI"));
  EXPECT_THAT(WhatIsWrong("<sip:a@b<c>"), HasSubstr("no URI"));
  EXPECT_THAT(WhatIsWrong("sip:a@b>"), HasSubstr("no URI"));
  EXPECT_THAT(WhatIsWrong("<sip:a@b> x"), HasSubstr("no parameter"));
  EXPECT_THAT(WhatIsWrong("<sip:a@b>;=1"), HasSubstr("without a name"));
  EXPECT_THAT(WhatIsWrong("<sip:a@b>;x="), HasSubstr("'=' announces"));
  EXPECT_THAT(WhatIsWrong("<sip:a@b>;x=1 y"), HasSubstr("after a parameter"));
  EXPECT_THAT(WhatIsWrong("<sip:a@b>;x=\"1\\\""), HasSubstr("without its end"));
}

TEST(ContactHeaderTest, EmptyParametersArePassedOver) {
  const ContactHeader contact = One("<sip:a@b>; reg-id=1; ;;x ;");
  EXPECT_EQ(contact.reg_id, 1U);
  EXPECT_EQ(contact.other_parameters, ";x");
}

// What is kept as text is written into messages later.
TEST(ContactHeaderTest, NothingKeptEndsAHeaderLine) {
  EXPECT_EQ(One("<sip:a@b>;x=\"1\r\n 2\"").other_parameters, ";x=\"1 2\"");
  for (const char* value : {"<sip:a@b>\r\nVia: x", "<sip:a@b>;\nx y", "<sip:a@b>;x=\"\n\"", "<sip:a@b>;x=\r",
                            "<sip:a\x01@b>", "<sip:a@b>;\x7f", "<sip:a@b>\r\n"}) {
    EXPECT_THAT(WhatIsWrong(value), HasSubstr("control character")) << value;
  }
  EXPECT_THAT(WhatIsWrong(std::string_view("<sip:a@b>\0", 10)), HasSubstr("control character"));
}

TEST(ContactHeaderTest, NumberAndLengthAreLimited) {
  std::string value = "<sip:a@b>";
  for (std::size_t i = 1; i < kMaxContacts; ++i) value += ",<sip:a@b>";
  EXPECT_EQ(WhatIsWrong(value), "nothing");
  EXPECT_THAT(WhatIsWrong(value + ",<sip:a@b>"), HasSubstr("more than 16 contacts"));
  EXPECT_EQ(WhatIsWrong("<sip:a@b>;" + std::string(kMaxContactOctets - 10, 'x')), "nothing");
  EXPECT_THAT(WhatIsWrong("<sip:a@b>;" + std::string(kMaxContactOctets - 9, 'x')), HasSubstr("longer than 8192"));
}

}  // namespace
}  // namespace flowbroker::sip
