#include "tests/property/location/any_zone.h"

#include <string>
#include <utility>
#include <vector>

namespace flowbroker::location {
namespace {

using dns::AnswerStatus;
using dns::RecordType;

constexpr const char* kSrvOwners[] = {"_sips._tcp.d", "_sip._tcp.d", "_sip._udp.d"};
constexpr const char* kServices[] = {"SIPS+D2T", "SIP+D2T", "SIP+D2U", "SIP+D2S", "E2U+sip"};

// The whole range at once: rapidcheck would start with its small end.
int Below(int bound) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, bound));
}

bool Chance(int percent) {
  return Below(100) < percent;
}

std::string Host(int number) {
  return "h" + std::to_string(number) + ".d";
}

// Writes a zone record by record.
class ZoneWriter {
 public:
  void WriteNaptr(const std::string& owner, int depth) {
    const int count = Below(4);
    for (int i = 0; i < count; ++i) {
      const std::string rank = std::to_string(Below(3)) + " " + std::to_string(++records_);
      const std::string service = kServices[Below(5)];
      const int kind = Below(10);
      if (kind < 6) {
        Add(owner + " NAPTR " + rank + " s " + service + " \"\" " + kSrvOwners[Below(3)]);
      } else if (kind < 8) {
        Add(owner + " NAPTR " + rank + " a " + service + " \"\" alone" + std::to_string(records_) + ".d");
        WriteAddresses("alone" + std::to_string(records_) + ".d", 50 + records_);
      } else if (depth < 7) {
        const std::string next = "n" + std::to_string(records_) + ".d";
        Add(owner + " NAPTR " + rank + " \"\" \"\" \"\" " + next);
        WriteNaptr(next, depth + 1);
      }
    }
  }

  void WriteSrv(const std::string& owner) {
    const int count = Below(5);
    for (int i = 0; i < count; ++i) {
      const std::string ranks = std::to_string(Below(3)) + " " + std::to_string(Below(3) * 10);
      const std::string target = Chance(5) ? "." : Host(Below(6));
      Add(owner + " SRV " + ranks + " " + std::to_string(10'000 + ++records_) + " " + target);
    }
  }

  void WriteAddresses(const std::string& host, int number) {
    const int ipv4 = Below(3);
    const int ipv6 = Below(3);
    const std::string net = std::to_string(number);
    for (int i = 1; i <= ipv4; ++i) Add(host + " A 10.0." + net + "." + std::to_string(i));
    for (int i = 1; i <= ipv6; ++i) Add(host + " AAAA 2001:db8:" + net + "::" + std::to_string(i));
  }

  void Break(const std::string& name, RecordType type) {
    if (!Chance(5)) return;
    zone_.Break(name, type,
                *rc::gen::element(AnswerStatus::kTimedOut, AnswerStatus::kServerFailure, AnswerStatus::kMalformed,
                                  AnswerStatus::kNoSuchName));
  }

  testing::FakeDnsZone Take() { return std::move(zone_); }

 private:
  void Add(const std::string& record) { zone_.Add(record); }

  testing::FakeDnsZone zone_;
  int records_ = 0;
};

}  // namespace

rc::Gen<testing::FakeDnsZone> AnyZone() {
  return rc::gen::exec([] {
    ZoneWriter writer;
    if (Chance(70)) writer.WriteNaptr("d", 0);
    writer.Break("d", RecordType::kNaptr);
    for (const char* owner : kSrvOwners) {
      if (Chance(70)) writer.WriteSrv(owner);
      writer.Break(owner, RecordType::kSrv);
    }
    writer.WriteAddresses("d", 1);
    for (int host = 0; host < 6; ++host) {
      writer.WriteAddresses(Host(host), 10 + host);
      writer.Break(Host(host), RecordType::kA);
      writer.Break(Host(host), RecordType::kAaaa);
    }
    return writer.Take();
  });
}

rc::Gen<LocateRequest> AnyRequest() {
  return rc::gen::exec([] {
    sip::SipUri uri;
    uri.host = "d";
    uri.secure = Chance(30);
    if (Chance(20)) uri.transport = *rc::gen::element(Transport::kUdp, Transport::kTcp, Transport::kTls);
    if (Chance(10)) uri.port = 5090;
    LocateRequest request{uri};
    if (Chance(30)) {
      request.allowed_transports = {};
      for (const Transport transport : {Transport::kUdp, Transport::kTcp, Transport::kTls}) {
        if (Chance(60)) request.allowed_transports.Add(transport);
      }
    }
    request.allow_ipv4 = Chance(80);
    request.allow_ipv6 = Chance(80);
    return request;
  });
}

}  // namespace flowbroker::location
