#include <random>

#include "tests/interop/sip_differential/corpus.h"

namespace flowbroker::interop {
namespace {

const std::vector<std::string> kSchemes = {"sip:", "sips:", "SIP:", "SiPs:"};

const std::vector<std::string> kUsers = {"",
                                         "alice@",
                                         "alice:secret@",
                                         "+49-30-1234567@",
                                         "+358-555-7654321;postd=pp22@",
                                         "alice%40home%3A1@",
                                         "odd~user!.-_*'()&=+$,;?/@",
                                         "j%C3%BCrgen:pa&ss=w+o$r,d@",
                                         "%00@"};

const std::vector<std::string> kHosts = {"example.org", "EXAMPLE.Org",      "a",
                                         "a-b.c-d.e",   "xn--hlz-3qa.test", "1and1.example",
                                         "192.0.2.1",   "[2001:db8::1]",    "[2001:DB8:0:0:0:0:0:A]"};

const std::vector<std::string> kPorts = {"", ":5060", ":1", ":65535"};

const std::vector<std::string> kParameters = {"",
                                              ";transport=tcp",
                                              ";transport=TLS;lr",
                                              ";lr;transport=udp;maddr=192.0.2.9;ttl=15",
                                              ";maddr=[2001:db8::9]",
                                              ";user=phone;method=INVITE",
                                              ";a=%22x%22;b=[/:&+$];c.d-e_f!~*'()",
                                              ";Unknown=Value;ob;gr=urn:uuid:f81d4fae"};

const std::vector<std::string> kHeaders = {"", "?subject=project%20x&priority=urgent", "?to=bob%40example.org"};

/// Random text out of the grammar; the same for the same seed on every platform.
class RandomText {
 public:
  explicit RandomText(unsigned seed) : engine_(seed) {}

  std::size_t UpTo(std::size_t bound) { return engine_() % (bound + 1); }
  bool Coin() { return UpTo(1) == 0; }

  /// 1 to `longest` characters out of `alphabet`, '%' standing for an escape.
  std::string Word(std::string_view alphabet, std::size_t longest) {
    std::string word;
    for (std::size_t left = 1 + UpTo(longest - 1); left > 0; --left) {
      const char c = alphabet[UpTo(alphabet.size() - 1)];
      word += c == '%' ? Escape() : std::string(1, c);
    }
    return word;
  }

 private:
  std::string Escape() {
    constexpr std::string_view kHex = "0123456789abcdefABCDEF";
    return {'%', kHex[UpTo(kHex.size() - 1)], kHex[UpTo(kHex.size() - 1)]};
  }

  std::mt19937 engine_;
};

constexpr std::string_view kAlphanumeric = "abcxyzABCXYZ0189";
constexpr std::string_view kUserCharacters = "abcXYZ019-_.!~*'()%%&=+$,;?/";
constexpr std::string_view kPasswordCharacters = "abcXYZ019-_.!~*'()%%&=+$,";
constexpr std::string_view kNameCharacters = "abcXYZ019-_.!~*'()[]/:&+$";  // no escapes: libre keeps those
constexpr std::string_view kValueCharacters = "abcXYZ019-_.!~*'()%%[]/:&+$";
constexpr std::string_view kHeaderCharacters = "abcXYZ019-_.!~*'()%%[]/?:+$=&";

std::string RandomHost(RandomText& random) {
  if (random.UpTo(3) == 0) return "192.0.2." + std::to_string(random.UpTo(255));
  if (random.UpTo(3) == 0) return "[2001:db8::" + random.Word("0123456789abcdefABCDEF", 4) + "]";
  std::string host;
  for (std::size_t labels = random.UpTo(3); labels > 0; --labels) host += random.Word(kAlphanumeric, 12) + ".";
  return host + "t" + random.Word(kAlphanumeric, 5);
}

std::string RandomUri(RandomText& random) {
  std::string uri = random.Coin() ? "sip:" : "sips:";
  if (random.Coin()) {
    uri += random.Word(kUserCharacters, 20);
    if (random.Coin()) uri += ":" + random.Word(kPasswordCharacters, 10);
    uri += "@";
  }
  uri += RandomHost(random);
  if (random.Coin()) uri += ":" + std::to_string(1 + random.UpTo(65534));
  for (std::size_t parameters = random.UpTo(3); parameters > 0; --parameters) {
    uri += ";" + random.Word(kNameCharacters, 10);
    if (random.Coin()) uri += "=" + random.Word(kValueCharacters, 15);
  }
  if (random.Coin()) uri += "?" + random.Word(kHeaderCharacters, 20);
  return uri;
}

}  // namespace

std::vector<std::string> ValidUris() {
  std::vector<std::string> uris = {
      "sip:bob:@example.org",  // an empty password is one
      "sip:a:b@c:05060",
      "sip:sip:alice@example.org",
      "sip:example.org;x=1;y=2;z",
      "sip:0@0.example",
      "sip:" + std::string(1000, 'u') + "@" + std::string(63, 'h') + ".example;" + std::string(1000, 'p'),
  };
  for (const std::string& scheme : kSchemes) {
    for (const std::string& user : kUsers) {
      for (const std::string& host : kHosts) {
        for (const std::string& port : kPorts) {
          for (const std::string& parameters : kParameters) {
            for (const std::string& headers : kHeaders) {
              uris.push_back(scheme + user + host + port + parameters + headers);
            }
          }
        }
      }
    }
  }
  return uris;
}

std::vector<std::string> RandomUris(unsigned seed, std::size_t count) {
  RandomText random(seed);
  std::vector<std::string> uris;
  while (uris.size() < count) uris.push_back(RandomUri(random));
  return uris;
}

}  // namespace flowbroker::interop
