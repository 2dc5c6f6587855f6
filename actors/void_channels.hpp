// What arrives over a connection that followed a broken one, and is void.
#pragma once

#include "actors/protocol.hpp"
#include "actors/wire.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace braid {

/// When a connection breaks, frames are lost. What is sent over the next one
/// follows a gap, until the channels begin anew, with a generation that is
/// higher than any that this node has heard of. Pure.
class void_channels {
public:
  /// The run has come to this generation, as far as this node knows.
  void on_generation(run_id run, generation_number generation) {
    auto& known = generations_[run];
    known = std::max(known, generation);
  }

  void forget(run_id run) {
    generations_.erase(run);
    std::erase_if(void_up_to_, [&](auto& x) { return x.first.second == run; });
  }

  /// The connection to a node broke.
  void on_down(const std::string& peer) {
    for (auto& [run, generation] : generations_)
      void_up_to_[{peer, run}] = generation;
  }

  /// Whether what arrives from there now on a channel of `generation` is void.
  bool is_void(const std::string& peer, run_id run,
               generation_number generation) const {
    auto found = void_up_to_.find({peer, run});
    return found != void_up_to_.end() && generation <= found->second;
  }

private:
  std::map<run_id, generation_number> generations_;
  std::map<std::pair<std::string, run_id>, generation_number> void_up_to_;
};

} // namespace braid
