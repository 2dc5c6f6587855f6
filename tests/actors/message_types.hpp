// An actor system in which the project's messages can be sent.
#pragma once

#include "actors/messages.hpp"

#include <caf/actor_system_config.hpp>

namespace braid::testing {

struct message_types : caf::actor_system_config {
  message_types() {
    add_message_types<caf::id_block::braid>();
  }
};

} // namespace braid::testing
