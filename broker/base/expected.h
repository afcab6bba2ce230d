#pragma once

#include <tl/expected.hpp>

#include "broker/base/failure.h"

namespace flowbroker {

/// A value or the reason there is none. Exceptions do not cross a module.
template <typename T>
using Expected = tl::expected<T, Failure>;

using Unexpected = tl::unexpected<Failure>;

}  // namespace flowbroker
