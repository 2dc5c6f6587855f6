// What people, and policies, ask of a run that goes on: other partitions, even
// loads, nothing more on a node.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace braid {

enum class scaling_kind : std::uint8_t {
  scale,     ///< an operator is to have so many partitions
  rebalance, ///< partitions of one or all operators are to have even loads
  drain,     ///< nothing more is to run on a node
  abort,     ///< what is under way and not committed is to end
};

struct scaling_order {
  scaling_kind kind = scaling_kind::scale;
  std::string run;           ///< of `drain`, empty: all
  std::string operator_name; ///< of `rebalance`, empty: all
  std::uint32_t partitions = 0;
  std::string node;
  bool dry_run = false; ///< only say what would be done

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& kind& run& operator_name& partitions& node& dry_run;
  }
};

/// What is done, or would be: a line a step, for people. Empty: nothing need
/// be done.
struct scaling_answer {
  std::vector<std::string> steps;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& steps;
  }
};

} // namespace braid
