#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/beast/http.hpp>

#include "service/admin/admin_response.h"

namespace flowbroker::admin {
namespace {

namespace http = boost::beast::http;
using testing::HasSubstr;

AdminPages Pages(bool ready) {
  return {.metrics = [] { return std::string("metric 1\n"); }, .ready = [ready] { return ready; }};
}

HttpResponse Ask(http::verb method, const char* target, bool ready = true) {
  return Answer(HttpRequest(method, target, 11), Pages(ready));
}

TEST(AdminTest, ServesMetrics) {
  const HttpResponse response = Ask(http::verb::get, "/metrics?x=y");
  EXPECT_EQ(response.result(), http::status::ok);
  EXPECT_EQ(response.body(), "metric 1\n");
}

TEST(AdminTest, IsHealthyEvenWhenNotReady) {
  EXPECT_EQ(Ask(http::verb::get, "/healthz", false).result(), http::status::ok);
  EXPECT_EQ(Ask(http::verb::get, "/readyz", false).result(), http::status::service_unavailable);
  EXPECT_EQ(Ask(http::verb::get, "/readyz", true).result(), http::status::ok);
}

TEST(AdminTest, TheIndexLeadsToEveryPage) {
  const HttpResponse response = Ask(http::verb::get, "/");
  for (const char* path : {"/healthz", "/readyz", "/metrics"}) EXPECT_THAT(response.body(), HasSubstr(path));
}

TEST(AdminTest, HeadHasTheLengthWithoutTheBody) {
  const HttpResponse response = Ask(http::verb::head, "/metrics");
  EXPECT_EQ(response.body(), "");
  EXPECT_EQ(response[http::field::content_length], "9");
}

TEST(AdminTest, RefusesOtherMethodsAndPaths) {
  EXPECT_EQ(Ask(http::verb::post, "/metrics").result(), http::status::method_not_allowed);
  EXPECT_EQ(Ask(http::verb::get, "/etc/passwd").result(), http::status::not_found);
  EXPECT_EQ(Ask(http::verb::get, "").result(), http::status::not_found);
}

}  // namespace
}  // namespace flowbroker::admin
