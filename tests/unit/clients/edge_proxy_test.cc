#include <gtest/gtest.h>

#include <string>

#include "clients/examples/edge_proxy/routing.h"

// The example edge proxy: what it writes into messages. The whole of it is tested in tests/interop.
namespace flowbroker::edge_proxy {
namespace {

using client::Transport;

const Place kEdge{.transport = Transport::kTcp, .host_port = "192.0.2.1:5060"};
const Place kCore{.transport = Transport::kTcp, .host_port = "10.0.0.1:5070"};
const Places kPlaces{.edge = {kEdge}, .core = {kCore}};

SipMessage Parsed(std::string_view text) {
  auto message = SipMessage::Parse(text);
  EXPECT_TRUE(message) << text;
  return message.value_or(SipMessage{});
}

SipMessage Request(std::string_view method, std::string_view headers = {}) {
  return Parsed(std::string(method) +
                " sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/TCP 10.1.1.1;branch=z9hG4bKa.b;rport\r\n" +
                "To: <sip:bob@example.org>\r\nCSeq: 1 X\r\n" + std::string(headers) + "\r\n");
}

TEST(SipMessageTest, LeavesWhatItDoesNotKnowAsItCame) {
  const std::string text =
      "INVITE sip:a@b SIP/2.0\r\nX-Odd:  \"a, b\" ; c\r\nVIA: SIP/2.0/TCP h;branch=z9hG4bK1\r\n\r\nbody\r\n\r\nmore";
  EXPECT_EQ(
      Parsed(text).Text(),
      "INVITE sip:a@b SIP/2.0\r\nX-Odd: \"a, b\" ; c\r\nVIA: SIP/2.0/TCP h;branch=z9hG4bK1\r\n\r\nbody\r\n\r\nmore");
}

TEST(SipMessageTest, RefusesWhatIsNoSip) {
  EXPECT_FALSE(SipMessage::Parse(""));
  EXPECT_FALSE(SipMessage::Parse("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_FALSE(SipMessage::Parse("OPTIONS sip:a@b SIP/2.0\r\nno header\r\n\r\n"));
  EXPECT_FALSE(SipMessage::Parse("OPTIONS sip:a@b SIP/2.0\r\n folded onto nothing\r\n\r\n"));
}

TEST(SipMessageTest, TakesOneValueOfAListWhateverItsForm) {
  SipMessage message = Parsed(
      "SIP/2.0 200 OK\r\nv: SIP/2.0/TCP a;x=\"1,\\\"2\",\r\n SIP/2.0/UDP b\r\nVia: SIP/2.0/UDP c\r\n"
      "Route: \"x,y\" <sip:a,b@c>,<sip:d>\r\n\r\n");
  EXPECT_EQ(message.Status(), 200);
  EXPECT_EQ(message.TakeFirst("via"), "SIP/2.0/TCP a;x=\"1,\\\"2\"");
  EXPECT_EQ(message.TakeFirst("via"), "SIP/2.0/UDP b");
  EXPECT_EQ(message.TakeFirst("via"), "SIP/2.0/UDP c");
  EXPECT_EQ(message.TakeFirst("via"), std::nullopt);
  EXPECT_EQ(message.TakeFirst("Route"), "\"x,y\" <sip:a,b@c>");
  EXPECT_EQ(message.First("Route"), "<sip:d>");
}

TEST(SipMessageTest, AnswersWithAllViasAndATag) {
  SipMessage request =
      Request("OPTIONS", "Via: SIP/2.0/UDP x\r\nFrom: <sip:c@d>;tag=1\r\nCall-ID: i\r\nSubject: s\r\n");
  EXPECT_EQ(request.Answer(403, "No").Text(),
            "SIP/2.0 403 No\r\nVia: SIP/2.0/TCP 10.1.1.1;branch=z9hG4bKa.b;rport\r\nVia: SIP/2.0/UDP x\r\n"
            "From: <sip:c@d>;tag=1\r\nTo: <sip:bob@example.org>;tag=edge\r\nCall-ID: i\r\nCSeq: 1 X\r\n"
            "Content-Length: 0\r\n\r\n");
}

TEST(UriOfTest, FindsUserAndPlace) {
  const auto place = [](std::string_view text) {
    return UriOf(text).value_or(UriParts{.user = {}, .place = "none"}).place;
  };
  EXPECT_EQ(UriOf("\"Edge\" <sip:T-_k:secret@192.0.2.1:5070;lr>;x")->user, "T-_k");
  EXPECT_EQ(UriOf("<sip:a;b?c@h>")->user, "a;b?c");
  EXPECT_EQ(UriOf("<sip:192.0.2.1;lr>")->user, "");
  EXPECT_EQ(place("sip:Edge.Example.ORG;lr"), "edge.example.org:5060");
  EXPECT_EQ(place("<sip:h;transport=TLS>"), "h:5061");
  EXPECT_EQ(place("<sips:t@[2001:DB8::1]>"), "[2001:db8::1]:5061");
  EXPECT_EQ(place("\"<\" <sip:[2001:db8::1]:5070;x=y>"), "[2001:db8::1]:5070");
  for (const std::string_view bad : {"", "<", "tel:1", "<sip", "\"<sip:a@b"}) EXPECT_EQ(place(bad), "none") << bad;
}

TEST(RoutingTest, ARegisterGetsAPathWithTheToken) {  // E1, RFC 5626 s.5.1
  SipMessage plain = Request("REGISTER", "Contact: <sip:bob@h>\r\n");
  PrepareForCore(plain, {.token = "TOKEN", .place = kEdge}, kCore);
  EXPECT_EQ(plain.First("Path"), "<sip:TOKEN@10.0.0.1:5070;transport=tcp;lr>");
  SipMessage outbound = Request("REGISTER", "m: <sip:bob@h>;reg-id=1;+sip.instance=\"<urn:uuid:1>\"\r\n");
  PrepareForCore(outbound, {.token = "TOKEN", .place = kEdge}, kCore);
  EXPECT_EQ(outbound.First("Path"), "<sip:TOKEN@10.0.0.1:5070;transport=tcp;lr;ob>");
  EXPECT_EQ(outbound.First("Record-Route"), std::nullopt);
}

TEST(RoutingTest, EachSideOfADialogGetsAPlaceItCanReach) {  // RFC 5658
  SipMessage in = Request("INVITE");
  PrepareForUser(in, "BACK", {.token = "TOKEN", .place = kEdge}, kCore);
  EXPECT_EQ(in.First("Via"), "SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK-z9hG4bKa.b.BACK;rport");
  EXPECT_EQ(in.TakeFirst("Record-Route"), "<sip:TOKEN@192.0.2.1:5060;transport=tcp;lr>");
  EXPECT_EQ(in.TakeFirst("Record-Route"), "<sip:TOKEN@10.0.0.1:5070;transport=tcp;lr>");
  SipMessage out = Request("INVITE");
  PrepareForCore(out, {.token = "TOKEN", .place = kEdge}, kCore);
  EXPECT_EQ(out.First("Via"), "SIP/2.0/TCP 10.0.0.1:5070;branch=z9hG4bK-z9hG4bKa.b.TOKEN;rport");
  EXPECT_EQ(out.TakeFirst("Record-Route"), "<sip:TOKEN@10.0.0.1:5070;transport=tcp;lr>");
  EXPECT_EQ(out.TakeFirst("Record-Route"), "<sip:TOKEN@192.0.2.1:5060;transport=tcp;lr>");
}

TEST(RoutingTest, RequestsInADialogAddNoRoute) {
  SipMessage message = Parsed("INVITE sip:a@b SIP/2.0\r\nTo: <sip:a@b>;tag=1\r\n\r\n");
  PrepareForCore(message, {.token = "TOKEN", .place = kEdge}, kCore);
  EXPECT_EQ(message.First("Record-Route"), std::nullopt);
}

TEST(RoutingTest, TakesItsOwnRoutesAndNoOthers) {
  SipMessage message =
      Request("BYE", "Route: <sip:T1@10.0.0.1:5070;lr>, <sip:T2@192.0.2.1;lr>\r\nRoute: <sip:other;lr>\r\n");
  EXPECT_EQ(TakeOwnRoutes(message, kPlaces), "T1");
  EXPECT_EQ(message.First("Route"), "<sip:other;lr>");
  EXPECT_EQ(TakeOwnRoutes(message, kPlaces), std::nullopt);
}

TEST(RoutingTest, TheAnswerFindsItsWayByOurVia) {
  SipMessage answer = Parsed(
      "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 10.0.0.1:5070;branch=z9hG4bK-z9hG4bKa.b.T-_0;rport=5;received=h,SIP/2.0/TCP "
      "u\r\n\r\n");
  EXPECT_EQ(TakeOwnVia(answer), "T-_0");
  EXPECT_EQ(answer.First("Via"), "SIP/2.0/TCP u");
  EXPECT_EQ(TakeOwnVia(answer), std::nullopt);
  EXPECT_EQ(TakeOwnVia(answer), std::nullopt);
}

TEST(RoutingTest, SaysWhereTheMessageCameFrom) {  // N3, RFC 3581
  SipMessage message = Request("OPTIONS");
  NoteSource(message, {.address = "192.0.2.13", .port = 40000});
  EXPECT_EQ(message.First("Via"), "SIP/2.0/TCP 10.1.1.1;branch=z9hG4bKa.b;rport=40000;received=192.0.2.13");
  SipMessage without = Parsed("OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\n\r\n");
  NoteSource(without, {.address = "192.0.2.13", .port = 40000});
  EXPECT_EQ(without.First("Via"), "SIP/2.0/TCP h;branch=z9hG4bK1;received=192.0.2.13");
}

TEST(RoutingTest, ABindingSaysWhatTheRegisterSaid) {
  const SipMessage request =
      Request("REGISTER", "m: <sip:bob@h>;q=1\r\nContact: <sip:bob@i>\r\nExpires: 60\r\nPath: <sip:T@e;lr>\r\n");
  const client::BindRequest binding = BindingOf(request, "flow");
  EXPECT_EQ(binding.aor, "sip:bob@example.org");
  EXPECT_EQ(binding.contact, "<sip:bob@h>;q=1, <sip:bob@i>");
  EXPECT_EQ(binding.path, "<sip:T@e;lr>");
  EXPECT_EQ(binding.flow_id, "flow");
  EXPECT_EQ(binding.expires, std::chrono::seconds(60));
  const SipMessage bare = Parsed("REGISTER sip:h SIP/2.0\r\nTo: sip:bob@h;tag=1\r\n\r\n");
  EXPECT_EQ(BindingOf(bare, "flow").aor, "sip:bob@h");
  EXPECT_EQ(BindingOf(bare, "flow").expires, std::nullopt);
}

TEST(RoutingTest, CountsHops) {
  SipMessage message = Request("OPTIONS", "Max-Forwards: 1\r\n");
  EXPECT_TRUE(CountHop(message));
  EXPECT_EQ(message.First("Max-Forwards"), "0");
  EXPECT_FALSE(CountHop(message));
  SipMessage without = Request("OPTIONS");
  EXPECT_TRUE(CountHop(without));
  EXPECT_EQ(without.First("Max-Forwards"), "69");
}

// Whatever a peer sends: an answer or none, never a crash (the sanitizers watch), and no header field that was not
// there.
void Survives(const std::string& text) {
  const auto message = SipMessage::Parse(text);
  if (!message || BranchOf(*message).empty()) return;  // or 400
  SipMessage forwarded = *message;
  CountHop(forwarded);
  NoteSource(forwarded, {.address = "192.0.2.13", .port = 40000});
  TakeOwnRoutes(forwarded, kPlaces);
  PrepareForCore(forwarded, {.token = "TOKEN", .place = kEdge}, kCore);
  EXPECT_TRUE(SipMessage::Parse(forwarded.Text())) << text;
  EXPECT_EQ(TakeOwnVia(forwarded), "TOKEN") << text;
  EXPECT_TRUE(SipMessage::Parse(message->Answer(403, "No").Text())) << text;
  BindingOf(*message, "flow");
  UriOf(text);
  ParameterOf(text, "tag");
}

TEST(RoutingTest, SurvivesWhateverIsLeftOutOrPutIn) {
  const std::string whole =
      "REGISTER sip:h SIP/2.0\r\nv: SIP/2.0/TCP h;branch=z9.x;y=\"\\\"\";rport,a\r\nTo: \"x\" <sip:a:b@c>;tag=1\r\n"
      "Route: <sip:T@10.0.0.1:5070;lr>, <sip:u>\r\nContact: *\r\n ;reg-id=1\r\nMax-Forwards: 7\r\nExpires: "
      "9\r\n\r\nbody";
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Survives(whole.substr(0, at));
    Survives(whole.substr(at));
    for (const char c : std::string_view("\",<>;:= \r\n@\\\0*", 14)) {
      std::string changed = whole;
      changed[at] = c;
      Survives(changed);
      Survives(whole.substr(0, at) + c + whole.substr(at));
    }
  }
}

TEST(PlacesTest, UdpStaysUdp) {
  const Place udp{.transport = Transport::kUdp, .host_port = "10.0.0.1:5070"};
  const Places both{.edge = {kEdge}, .core = {kCore, udp}};
  EXPECT_EQ(both.CoreFor(Transport::kUdp), udp);
  EXPECT_EQ(both.CoreFor(Transport::kTls), kCore);
  EXPECT_EQ(kPlaces.CoreFor(Transport::kUdp), kCore);
  EXPECT_TRUE(both.IsCore("udp:10.0.0.1:5070"));
  EXPECT_FALSE(both.IsCore("tcp:192.0.2.1:5060"));
  for (const std::string_view bad : {"", "tcp", "tcp:", "sctp:1.2.3.4:5"}) EXPECT_FALSE(Place::Parse(bad)) << bad;
}

}  // namespace
}  // namespace flowbroker::edge_proxy
