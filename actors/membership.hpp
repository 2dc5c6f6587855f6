// Which nodes are in the cluster, and which are lost.
#pragma once

#include "actors/messages.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace braid {

/// The nodes that this one has met. Pure: time passes only through arguments.
class membership {
public:
  using clock = std::chrono::steady_clock;

  struct member {
    introduction who;
    clock::time_point heard;
    bool lost = false;
  };

  /// A node has introduced itself. False if it is an older life of a member,
  /// which is ignored.
  bool join(const introduction& who, clock::time_point now);

  /// A member reports: it is alive.
  void heard(const node_report& report, clock::time_point now);

  /// A member is gone: its connection broke, or it said so.
  void lose(const std::string& name);

  /// This node was held up itself, and cannot tell who was silent: everybody
  /// who is not lost counts as heard.
  void excuse_all(clock::time_point now);

  /// The members that are not lost but were silent for longer than `limit`.
  std::vector<std::string> silent(clock::time_point now,
                                  std::chrono::microseconds limit) const;

  const member* find(const std::string& name) const;

  /// By name.
  const std::map<std::string, member>& all() const {
    return members_;
  }

private:
  std::map<std::string, member> members_;
};

} // namespace braid
