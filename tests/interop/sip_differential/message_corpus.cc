#include "tests/interop/sip_differential/corpus.h"

namespace flowbroker::interop {
namespace {

struct Start {
  std::string line;
  std::string cseq_method;
};

const std::vector<Start> kStarts = {
    {"INVITE sip:bob@example.org SIP/2.0", "INVITE"},
    {"OPTIONS sips:[2001:db8::1]:5061;transport=tcp SIP/2.0", "OPTIONS"},
    {"!interesting-Method0123456789_*+`.%indeed'~ sip:x@example.org SIP/2.0",
     "!interesting-Method0123456789_*+`.%indeed'~"},
    {"MESSAGE sip:bob@example.org;a=b?c=d%20e SIP/2.0", "MESSAGE"},
    {"SIP/2.0 100 Trying", "INVITE"},
    {"SIP/2.0 200 OK", "REGISTER"},
    {"SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe \xf0\x9f\x93\x9e", "INVITE"},
    {"SIP/2.0 483 ", "OPTIONS"},
    {"SIP/2.0 699 Decline (everywhere)", "BYE"},
};

const std::vector<std::string> kVias = {
    "Via: SIP/2.0/UDP host.example.org:5060;branch=z9hG4bKabc",
    "v: SIP/2.0/TCP 192.0.2.1;rport;branch=z9hG4bK-d.e_f!g~h*i'j`k%l+m",
    "VIA:SIP/2.0/TLS [2001:db8::1]:5061;branch=z9hG4bK1;received=192.0.2.7",
    "Via:   SIP/2.0/UDP a.example ;branch=z9hG4bK2;ttl=16;maddr=224.2.0.1",
    "Via: SIP/2.0/UDP first.example;branch=z9hG4bKone, SIP/2.0/UDP second.example;branch=z9hG4bKtwo",
    "Via: SIP/2.0/UDP first.example;branch=z9hG4bKone\r\nv: SIP/2.0/TCP second.example;branch=z9hG4bKtwo",
    "Via: SIP/2.0/SCTP c.example:5060;branch=z9hG4bK4;received=2001:db8::9:255",
    "Via: SIP/2.0/TLS-SCTP [2001:db8::9:1];received=[2001:db8::9:255];BRANCH=z9hG4bK5;alias",
    "Via: SIP/2.0/WS df7jal23ls0d.invalid;xbranch=1;branch2=2;branch= \tz9hG4bK6 ;keep",
    "Via: SIP/2.0/UDP x.example;hidden;branch=z9hG4bK3\r\nVia: SIP/2.0/UDP y.example",
};

const std::vector<std::string> kCallIds = {
    "Call-ID: f81d4fae-7dec-11d0@example.org",
    "i: 0",
    "CALL-ID :  (odd)<call>:id\"of\\word/[text]?{}~ ",
    "Call-ID:\r\n folded@example.org",
};

const std::vector<std::string> kLengths = {"Content-Length: ", "l:", "CONTENT-LENGTH  :   00"};

const std::vector<std::string> kOthers = {
    "",
    "Subject: a\r\n folded\r\n\tsubject: with Via: in it\r\n",
    "Contact: \"Quoted, \\\"Name\\\"\" <sip:a@b;x=y?z=w>;q=0.5, <sip:c@d>\r\nUnknown-Header: \t\r\nX: :\r\nEmpty:\r\n",
};

const std::vector<std::string> kBodies = {"", "v=0\r\n\r\nVia: not a header\r\n",
                                          std::string("\0binary\xff\r\n\r\n", 12)};

std::string FromTo() {
  return "From: \"A\" <sip:a@example.org>;tag=1\r\nt: <sip:b@example.org>\r\nMax-Forwards: 70\r\n";
}

std::string Compose(const Start& start, const std::string& via, const std::string& call_id, const std::string& length,
                    const std::string& other, const std::string& body) {
  const std::string size = length + std::to_string(body.size()) + "\r\n";
  const std::string cseq = "CSeq: 0042 " + start.cseq_method + "\r\n";
  const std::string identity = call_id + "\r\n" + cseq + FromTo();
  // The order of fields does not matter: one order when there is a body, another one when there is none.
  const std::string fields =
      body.empty() ? via + "\r\n" + other + identity + size : size + identity + via + "\r\n" + other;
  return start.line + "\r\n" + fields + "\r\n" + body;
}

/// All but the Via of a tortuous but valid INVITE: folds at every place where linear white space is allowed.
std::string Tortuous() {
  return "INVITE sip:vivian@host.example;unknownparam SIP/2.0\r\nTO :\r\n sip:vivian@host.example ;   tag    = "
         "1918n\r\n"
         "from   : \"J Rosenberg \\\\\\\"\"       <sip:jd@example.org>\r\n  ;\r\n  tag = 98asjd8\r\nMaX-fOrWaRdS: "
         "0068\r\n"
         "Call-ID: ws.nd@192.0.2.1\r\ncseq: 0009\r\n  INVITE\r\nSubject :\r\ns :\r\n"
         "NewFangledHeader:   new fangled\r\n continued\r\nContent-Type: application/sdp\r\n"
         "Route:\r\n <sip:services.example.org;lr;unknown=v;unknown-no-value>\r\nl: 3\r\n";
}

}  // namespace

std::vector<std::string> ValidMessages() {
  std::vector<std::string> messages = {
      Tortuous() + "v:  SIP/2.0/TCP     spindle.example   ;\r\n  branch  =   z9hG4bK9\r\n\r\nabc",
      Tortuous() + "Via  : SIP/2.0/UDP\r\n    192.0.2.2;branch=390skd\r\n\r\nabc",
      Tortuous() +
          "v:  SIP  / 2.0  / TCP     spindle.example   ;\r\n  branch  =   z9hG4bK9 ,\r\n SIP  /    2.0   / UDP  "
          "192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n\r\nabc",
  };
  for (const Start& start : kStarts) {
    for (const std::string& via : kVias) {
      for (const std::string& call_id : kCallIds) {
        for (const std::string& length : kLengths) {
          for (const std::string& other : kOthers) {
            for (const std::string& body : kBodies) {
              messages.push_back(Compose(start, via, call_id, length, other, body));
            }
          }
        }
      }
    }
  }
  return messages;
}

}  // namespace flowbroker::interop
