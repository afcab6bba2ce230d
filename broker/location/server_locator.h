#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "broker/base/expected.h"
#include "broker/base/random_source.h"
#include "broker/base/target.h"
#include "broker/base/time.h"
#include "broker/base/trace.h"
#include "broker/dns/records.h"
#include "broker/location/address_ordering.h"
#include "broker/location/egress_policy.h"
#include "broker/sip/sip_uri.h"

namespace flowbroker::location {

/// Where a response goes (RFC 3263 s.5, RFC 3261 s.18.2.2): taken from the topmost Via (D4).
struct ResponseDestination {
  Transport transport;
  std::string sent_by_host;                   ///< name or numeric; IPv6 with or without brackets
  std::optional<std::uint16_t> sent_by_port;  ///< absent: SRV lookup for a name, else the transport's default
  std::optional<IpAddress> received;          ///< `received=`; tried first
  std::optional<std::uint16_t> rport;         ///< `rport=`; only with `received`
};

struct LocateRequest {
  std::variant<sip::SipUri, ResponseDestination> destination;
  TransportSet allowed_transports = TransportSet::All();
  bool allow_ipv4 = true;
  bool allow_ipv6 = true;
  LocalBinding local = {};  ///< decides which source address, and so which rank, each destination has (H9)
  std::shared_ptr<const EgressPolicy> egress = nullptr;  ///< what it forbids is no target; null: nothing is forbidden
};

struct LocatorOptions {
  /// Hard limit on DNS questions of one location: NAPTR chains and SRV fan-out included.
  std::size_t max_questions = 64;
  /// Host names (SRV targets) whose addresses are looked up; further ones are left out and the trace says so.
  std::size_t max_hosts = 16;
  /// Non-terminal NAPTR steps followed (RFC 3403 allows chains).
  std::size_t max_naptr_steps = 5;
  /// Addresses taken per host name and family.
  std::size_t max_addresses_per_host = 16;
  /// Order of transports when DNS expresses no preference (no NAPTR): RFC 3263 leaves it to the client. TLS is first
  /// because it protects, TCP before UDP because a connect proves the path in one round trip.
  std::vector<Transport> transport_preference = {Transport::kTls, Transport::kTcp, Transport::kUdp};
};

/// One place to send to, and why it is where it is in the list.
struct LocatedTarget {
  Target target;
  std::string host;                      ///< name its address came from; the address itself for numeric hosts
  std::optional<std::string> srv_owner;  ///< "_sip._tcp.example.org" where an SRV record led here
  std::uint16_t srv_priority = 0;        ///< meaningful with srv_owner only
  std::uint16_t srv_weight = 0;          ///< meaningful with srv_owner only
  std::size_t host_rank = 0;             ///< position of the host in the order of RFC 3263; targets of one host are
                                         ///< adjacent and share it; ranks may be renumbered as answers come
  std::optional<IpAddress> source;       ///< local address the ordering assumed; absent: none is known
  std::string reason;                    ///< e.g. "NAPTR SIPS+D2T, SRV 10/60, RFC 6724 rule 6"
};

/// How a DNS answer came about; for the trace.
enum class AnswerOrigin : std::uint8_t {
  kServer,  ///< asked just now
  kCache,   ///< found in the cache
  kStale,   ///< expired, but DNS is in trouble
  kShared,  ///< another request had asked already and was waited for
};

class Search;  // search.h

/// RFC 3263 with RFC 7984 as a pure machine: from a SIP URI, or the destination of a response, to ordered targets
/// (D1-D5). It asks questions, is told answers, and its list of targets grows as answers come; a caller may race the
/// first ones while others are outstanding.
///
///     ServerLocator locator(request, options, sources, random);
///     questions = locator.Start(now);
///     while (!locator.done()) questions = locator.OnAnswer(question, answer, origin, now);
///
/// NAPTR -> SRV -> A and AAAA in parallel; independent questions are returned together so that they can be asked at
/// once. Every question it returns must be answered exactly once; answers to questions it never asked are ignored.
/// The objects passed by reference must outlive it. Not thread-safe; never blocks.
class ServerLocator {
 public:
  ServerLocator(LocateRequest request, LocatorOptions options, const SourceAddressSelector& sources,
                RandomSource& random);
  ~ServerLocator();
  ServerLocator(ServerLocator&&) noexcept;
  ServerLocator& operator=(ServerLocator&&) noexcept;

  /// Begins. Returns the questions to ask now; none for numeric hosts.
  std::vector<dns::Question> Start(TimePoint now);

  /// Takes an answer in. Returns further questions to ask now.
  std::vector<dns::Question> OnAnswer(const dns::Question& question, const dns::RecordSet& answer, AnswerOrigin origin,
                                      TimePoint now);

  /// Whether no more targets can come.
  bool done() const;

  /// All targets known so far, best first: at any time the order that RFC 3263 gives to what is known, whatever the
  /// order of the answers. So the relative order of two targets never changes, except that targets of a host whose
  /// second family arrives late are put into RFC 6724 order among themselves, and that a target to which a better host
  /// leads as well moves up to that host's place.
  const std::vector<LocatedTarget>& targets() const;

  /// Whether an outstanding answer could still bring a target better than the first one known: the race then waits for
  /// the resolution delay before it starts (RFC 8305 s.3).
  bool better_may_come() const;

  /// Why there is no target; only meaningful when done() with an empty list. NXDOMAIN everywhere: kNoSuchName;
  /// addresses that the egress policy forbids, all of them: kForbidden.
  Failure failure() const;

  /// Until when the result may be reused: the earliest expiry of all answers used. kNever for numeric hosts.
  TimePoint valid_until() const;

  /// What was done so far, each question with its times.
  const std::vector<TraceStep>& trace() const;

 private:
  std::unique_ptr<Search> search_;
};

}  // namespace flowbroker::location
