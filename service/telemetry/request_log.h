#pragma once

#include <boost/json/object.hpp>

#include "broker/engine/broker_observer.h"

namespace flowbroker::telemetry {

/// The fields of a log line that tell whose request it is about: `request_id`, `tenant`, `client_group`, `host`, and of
/// a caller's valid W3C Trace Context `traceparent`, `trace_id` and `parent_id`. What is not known is left out. Of a
/// URI only the host is told: users, parameters and headers never are.
boost::json::object RequestFields(const engine::AnsweredAcquire& acquire);

}  // namespace flowbroker::telemetry
