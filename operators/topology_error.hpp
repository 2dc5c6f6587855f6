// The error of a topology that cannot run.
#pragma once

#include <stdexcept>

namespace braid {

/// A topology is composed or set up wrongly. The message names the operator or
/// setting and the remedy.
class topology_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

} // namespace braid
