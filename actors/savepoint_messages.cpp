#include "actors/savepoint_messages.hpp"

namespace braid {

std::string to_string(savepoint_stage x) {
  switch (x) {
    case savepoint_stage::waiting:
      return "waiting";
    case savepoint_stage::gathering:
      return "gathering";
    case savepoint_stage::written:
      return "written";
    case savepoint_stage::failed:
      return "failed";
    case savepoint_stage::damaged:
      return "damaged";
  }
  return "unknown";
}

} // namespace braid
