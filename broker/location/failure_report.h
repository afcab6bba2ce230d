#pragma once

#include <vector>

#include "broker/base/failure.h"
#include "broker/base/target.h"
#include "broker/location/questions.h"

namespace flowbroker::location {

/// Why these answers led to no target: DNS trouble where there was any, kNoSuchName where every answer was NXDOMAIN,
/// otherwise kNoRecords. The detail lists the questions with their answers.
Failure ExplainNoTargets(const Questions& questions);

/// Why these targets are not tried: kForbidden. Names the first of them; which rule it was is the operator's business.
Failure ExplainForbidden(const std::vector<Target>& targets);

}  // namespace flowbroker::location
