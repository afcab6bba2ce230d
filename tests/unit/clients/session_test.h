#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

#include "clients/cli/session.h"
#include "tests/unit/clients/fake_broker.h"

namespace flowbroker::cli {

/// Runs flowctl from command line to exit code, against a broker in this process.
class SessionTest : public ::testing::Test {
 protected:
  ExitCode Do(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), {"flowctl", "--address", broker_.address().c_str()});
    const Parsed parsed = ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
    if (!parsed.invocation) return parsed.code;
    out_.str("");
    Session session(*parsed.invocation, out_, err_, {.columns = 100, .colour = false});
    return cli::Run(session);
  }

  client::FakeBroker broker_;
  std::ostringstream out_;  ///< of the last run
  std::ostringstream err_;
};

}  // namespace flowbroker::cli
