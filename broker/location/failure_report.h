#pragma once

#include "broker/base/failure.h"
#include "broker/location/questions.h"

namespace flowbroker::location {

/// Why these answers led to no target: DNS trouble where there was any, kNoSuchName where every answer was NXDOMAIN,
/// otherwise kNoRecords. The detail lists the questions with their answers.
Failure ExplainNoTargets(const Questions& questions);

}  // namespace flowbroker::location
