#include "broker/net/cares_dns_client.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/unit/net/scripted_dns_server.h"

namespace flowbroker::net {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the builders of dns_message.h
using dns::AnswerStatus;
using dns::RecordSet;
using dns::RecordType;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Query = ScriptedDnsServer::Query;

const dns::Question kAskA = Ask(RecordType::kA, "host.example");

Octets AddressAnswer(const dns::Question& question) {
  DnsMessage message(question);
  message.Answer(question.name.ToString(), RecordType::kA, 60, {192, 0, 2, 1});
  return message.octets();
}

std::optional<Octets> Answering(const Query& query) {
  return AddressAnswer(query.question);
}

std::optional<Octets> Silent(const Query&) {
  return std::nullopt;
}

std::optional<Octets> Failing(const Query& query) {
  return DnsMessage(query.question, kServfail).octets();
}

class CaresDnsClientTest : public ::testing::Test {
 protected:
  ScriptedDnsServer& AddServer(ScriptedDnsServer::Script script) {
    servers_.push_back(std::make_unique<ScriptedDnsServer>(io_, std::move(script)));
    options_.servers.push_back(servers_.back()->endpoint());
    return *servers_.back();
  }

  CaresDnsClient& client() {
    if (!client_) client_ = std::make_unique<CaresDnsClient>(io_, options_);
    return *client_;
  }

  RecordSet Resolve(const dns::Question& question, const std::string& tenant = {}) {
    io_.restart();
    std::optional<RecordSet> answer;
    client().Query(question, tenant, [&](RecordSet records) { answer = std::move(records); });
    EXPECT_FALSE(answer) << "called back from inside Query";
    while (!answer && io_.run_one_for(seconds(10)) > 0) {
    }
    if (!answer) throw std::runtime_error("no answer to " + question.ToString());
    return *answer;
  }

  boost::asio::io_context io_;
  // Long enough that a busy machine does not make a server look silent that is not.
  CaresDnsClientOptions options_{.timeout = milliseconds(400), .tries = 2};
  std::vector<std::unique_ptr<ScriptedDnsServer>> servers_;
  std::unique_ptr<CaresDnsClient> client_;
};

TEST_F(CaresDnsClientTest, AnswersWithAddressesAndTtl) {
  AddServer(Answering);
  const auto answer = Resolve(kAskA);
  EXPECT_EQ(answer.status, AnswerStatus::kRecords);
  EXPECT_EQ(answer.ttl, seconds(60));
  ASSERT_EQ(answer.addresses.size(), 1U);
  EXPECT_EQ(answer.addresses[0].ToString(), "192.0.2.1");
}

TEST_F(CaresDnsClientTest, AnswersSrvAndNaptrWithTheirTtl) {
  AddServer([](const Query& query) {
    DnsMessage message(query.question);
    const auto owner = query.question.name.ToString();
    if (query.question.type == RecordType::kSrv) {
      message.Answer(owner, RecordType::kSrv, 77, Srv(1, 2, 3, "a.example"));
    } else {
      message.Answer(owner, RecordType::kNaptr, 88, Naptr(1, 2, "s", "SIP+D2U", "", "_sip._udp.example"));
    }
    return message.octets();
  });
  const auto srv = Resolve(Ask(RecordType::kSrv, "_sip._tcp.example"));
  ASSERT_EQ(srv.srv.size(), 1U);
  EXPECT_EQ(srv.ttl, seconds(77));
  const auto naptr = Resolve(Ask(RecordType::kNaptr, "example"));
  ASSERT_EQ(naptr.naptr.size(), 1U);
  EXPECT_EQ(naptr.ttl, seconds(88));
}

TEST_F(CaresDnsClientTest, TruncatedAnswerIsFetchedOverTcp) {
  auto& server = AddServer([](const Query& query) {
    if (!query.over_tcp) return DnsMessage(query.question, 0, 0x0200).octets();
    DnsMessage message(query.question);
    for (std::uint8_t i = 0; i < 200; ++i) message.Answer("host.example", RecordType::kA, 60, {192, 0, 2, i});
    return message.octets();
  });
  EXPECT_EQ(Resolve(kAskA).addresses.size(), 200U);
  ASSERT_EQ(server.queries().size(), 2U);
  EXPECT_TRUE(server.queries()[1].over_tcp);
}

TEST_F(CaresDnsClientTest, NxdomainCarriesTheSoaTtlAndIsNotAskedElsewhere) {
  AddServer([](const Query& query) {
    return DnsMessage(query.question, kNxdomain).Authority("example", kTypeSoa, 900, Soa(33)).octets();
  });
  auto& second = AddServer(Answering);
  const auto answer = Resolve(kAskA);
  EXPECT_EQ(answer.status, AnswerStatus::kNoSuchName);
  EXPECT_EQ(answer.ttl, seconds(33));
  EXPECT_TRUE(second.queries().empty());
}

TEST_F(CaresDnsClientTest, ServfailAndRefusedMoveOnToTheNextServer) {
  AddServer(Failing);
  AddServer([](const Query& query) { return DnsMessage(query.question, kRefused).octets(); });
  AddServer(Answering);
  EXPECT_EQ(Resolve(kAskA).status, AnswerStatus::kRecords);
}

TEST_F(CaresDnsClientTest, FailureOfEveryServerIsReportedAfterOneRound) {
  auto& server = AddServer(Failing);
  EXPECT_EQ(Resolve(kAskA).status, AnswerStatus::kServerFailure);
  EXPECT_EQ(server.queries().size(), 1U);
}

TEST_F(CaresDnsClientTest, SilentFirstServerCostsItsTimeoutOnce) {
  auto& dead = AddServer(Silent);
  auto& alive = AddServer(Answering);
  EXPECT_EQ(Resolve(kAskA).status, AnswerStatus::kRecords);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Resolve(kAskA).status, AnswerStatus::kRecords);
  EXPECT_EQ(dead.queries().size(), 1U);
  EXPECT_EQ(alive.queries().size(), 6U);
}

TEST_F(CaresDnsClientTest, SilentServerIsUsedFirstAgainOnceItAnswersARetry) {
  options_.retry_silent_after = Duration::zero();  // due with the next question
  auto& first = AddServer(Silent);
  AddServer(Answering);
  Resolve(kAskA);
  first.set_script(Answering);
  Resolve(kAskA);  // the first server is tried beside this one
  for (int i = 0; i < 20 && first.queries().size() < 3; ++i) Resolve(kAskA);
  EXPECT_GE(first.queries().size(), 3U);
}

TEST_F(CaresDnsClientTest, StoppedServerIsNotWaitedFor) {
  options_.timeout = seconds(60);
  AddServer(Answering).Stop();
  AddServer(Answering);
  EXPECT_EQ(Resolve(kAskA).status, AnswerStatus::kRecords);
}

TEST_F(CaresDnsClientTest, StoppedOnlyServerIsServerFailure) {
  options_.timeout = seconds(60);
  AddServer(Answering).Stop();
  EXPECT_EQ(Resolve(kAskA).status, AnswerStatus::kServerFailure);
}

TEST_F(CaresDnsClientTest, SilenceEverywhereIsTimedOutAfterAllTries) {
  options_.timeout = milliseconds(50);
  auto& server = AddServer(Silent);
  EXPECT_EQ(Resolve(kAskA).status, AnswerStatus::kTimedOut);
  io_.poll();  // what was sent last has arrived, but the server may not have looked
  EXPECT_EQ(server.queries().size(), 2U);
}

TEST_F(CaresDnsClientTest, AnswerThatComesAfterTheNextTryStillCounts) {
  boost::asio::ip::udp::socket server(io_, {boost::asio::ip::address_v4::loopback(), 0});
  options_.servers = {{IpAddress::FromIpv4({127, 0, 0, 1}), server.local_endpoint().port()}};
  Octets first(512);
  Octets second(512);
  boost::asio::ip::udp::endpoint from;
  server.async_receive_from(boost::asio::buffer(first), from, [&](const auto&, std::size_t) {
    server.async_receive(boost::asio::buffer(second), [&](const auto&, std::size_t) {
      Octets answer = AddressAnswer(kAskA);
      std::copy_n(first.begin(), 2, answer.begin());  // the id of the first question
      server.send_to(boost::asio::buffer(answer), from);
    });
  });
  EXPECT_EQ(Resolve(kAskA).status, AnswerStatus::kRecords);
}

TEST_F(CaresDnsClientTest, GarbageMovesOnAndIsMalformedWhereNothingBetterComes) {
  AddServer([](const Query& query) {
    Octets octets = AddressAnswer(query.question);
    octets.erase(octets.end() - 3, octets.end());
    return octets;
  });
  EXPECT_EQ(Resolve(kAskA).status, AnswerStatus::kMalformed);
}

TEST_F(CaresDnsClientTest, AsksForTheNameBehindAnAliasTheServerDidNotFollow) {
  auto& server = AddServer([](const Query& query) {
    if (query.question.name == kAskA.name) {
      return DnsMessage(query.question).Answer("host.example", kTypeCname, 7, Name("real.example")).octets();
    }
    return AddressAnswer(query.question);
  });
  const auto answer = Resolve(kAskA);
  EXPECT_EQ(answer.status, AnswerStatus::kRecords);
  EXPECT_EQ(answer.ttl, seconds(7));
  ASSERT_EQ(server.queries().size(), 2U);
  EXPECT_EQ(server.queries()[1].question.name.ToString(), "real.example");
}

TEST_F(CaresDnsClientTest, EndlessAliasesEnd) {
  int next = 0;
  auto& server = AddServer([&next](const Query& query) {
    return DnsMessage(query.question)
        .Answer(query.question.name.ToString(), kTypeCname, 7, Name("n" + std::to_string(++next) + ".example"))
        .octets();
  });
  EXPECT_EQ(Resolve(kAskA).status, AnswerStatus::kServerFailure);
  EXPECT_EQ(server.queries().size(), 8U);
}

TEST_F(CaresDnsClientTest, NoMoreQuestionsThanAllowedAreInFlightAndAllAreAnswered) {
  options_.max_in_flight = 3;
  options_.timeout = seconds(60);
  std::size_t in_flight = 0;
  std::size_t most = 0;
  AddServer([&](const Query& query) {
    most = std::max(most, ++in_flight);
    return AddressAnswer(query.question);
  });
  int answered = 0;
  for (int i = 0; i < 50; ++i) {
    client().Query(Ask(RecordType::kA, "h" + std::to_string(i) + ".example"), "", [&](const RecordSet& answer) {
      EXPECT_EQ(answer.status, AnswerStatus::kRecords);
      --in_flight;
      ++answered;
    });
  }
  while (answered < 50 && io_.run_one_for(seconds(10)) > 0) {
  }
  EXPECT_EQ(answered, 50);
  // An answer leaves the count here one post later than there, so the server may see the next question first.
  EXPECT_LE(most, 6U);
}

TEST_F(CaresDnsClientTest, QuestionsBeyondTheQueueFailAtOnce) {
  options_.max_in_flight = 1;
  options_.max_waiting = 1;
  AddServer(Answering);
  std::vector<AnswerStatus> statuses;
  for (int i = 0; i < 3; ++i)
    client().Query(kAskA, "", [&](const RecordSet& answer) { statuses.push_back(answer.status); });
  EXPECT_TRUE(statuses.empty());
  while (statuses.size() < 3 && io_.run_one_for(seconds(10)) > 0) {
  }
  EXPECT_EQ(statuses, (std::vector{AnswerStatus::kServerFailure, AnswerStatus::kRecords, AnswerStatus::kRecords}));
}

TEST_F(CaresDnsClientTest, AQuestionDoesNotWaitForThoseOfAnotherTenant) {
  options_.max_in_flight = 4;
  options_.max_waiting = 10;
  options_.timeout = seconds(60);
  AddServer([](const Query& query) { return query.question == kAskA ? Answering(query) : std::nullopt; });
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    client().Query(Ask(RecordType::kA, "h" + std::to_string(i) + ".example"), "greedy", [&](const RecordSet& answer) {
      if (answer.status == AnswerStatus::kServerFailure) ++refused;
    });
  }
  EXPECT_EQ(Resolve(kAskA, "quiet").status, AnswerStatus::kRecords);
  EXPECT_EQ(refused, 20 - 2 - 5) << "half of both is greedy's";
}

TEST_F(CaresDnsClientTest, DestructionEndsOutstandingQuestionsExactlyOnce) {
  options_.max_in_flight = 2;
  AddServer(Silent);
  std::map<int, int> calls;
  for (int i = 0; i < 4; ++i) {
    client().Query(kAskA, "", [&calls, i](const RecordSet& answer) {
      EXPECT_EQ(answer.status, AnswerStatus::kServerFailure);
      ++calls[i];
    });
  }
  io_.poll();
  client_.reset();
  EXPECT_TRUE(calls.empty());
  io_.run_for(milliseconds(200));
  EXPECT_EQ(calls, (std::map<int, int>{{0, 1}, {1, 1}, {2, 1}, {3, 1}}));
}

TEST_F(CaresDnsClientTest, MayBeDestroyedFromACallbackAndAskedFromOne) {
  AddServer(Answering);
  std::vector<AnswerStatus> statuses;
  client().Query(kAskA, "", [&](const RecordSet& answer) {
    statuses.push_back(answer.status);
    client_->Query(kAskA, "", [&](const RecordSet& second) {
      statuses.push_back(second.status);
      client_->Query(kAskA, "", [&](const RecordSet& third) { statuses.push_back(third.status); });
      client_.reset();
    });
  });
  while (statuses.size() < 3 && io_.run_one_for(seconds(10)) > 0) {
  }
  EXPECT_EQ(statuses, (std::vector{AnswerStatus::kRecords, AnswerStatus::kRecords, AnswerStatus::kServerFailure}));
}

TEST_F(CaresDnsClientTest, SourcePortAndIdDifferBetweenQuestions) {
  auto& server = AddServer(Answering);
  for (int i = 0; i < 4; ++i) Resolve(kAskA);
  std::set<unsigned> ports;
  std::set<unsigned> ids;
  for (const Query& query : server.queries()) {
    ports.insert(query.source_port);
    ids.insert(query.id);
  }
  EXPECT_GT(ports.size(), 1U);
  EXPECT_GT(ids.size(), 1U);
}

TEST_F(CaresDnsClientTest, SourcePortChangesAlsoWhileQuestionsAreOutstanding) {
  options_.timeout = seconds(60);
  const auto held = Ask(RecordType::kA, "held.example");
  auto& server =
      AddServer([&](const Query& query) { return query.question == held ? std::nullopt : Answering(query); });
  client().Query(held, "", [](const RecordSet&) {});
  for (int i = 0; i < 150; ++i) Resolve(kAskA);
  std::set<unsigned> ports;
  for (const Query& query : server.queries()) ports.insert(query.source_port);
  EXPECT_GE(ports.size(), 2U);
}

}  // namespace
}  // namespace flowbroker::net
