// How fast values become bytes and come back.
#pragma once

#include <vector>

#include "bench/measurement.hpp"

namespace braid {

/// Compares the archives with memcpy, for a vector of a trivially copyable
/// struct, and with Boost's binary archive on a std::stringstream, for a hash
/// map of structs that have a `serialize`. Takes a few seconds.
std::vector<measurement> measure_archive();

} // namespace braid
