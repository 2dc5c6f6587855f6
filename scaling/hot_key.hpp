// A key that is more work than a partition can do.
#pragma once

#include <cstdint>
#include <string>

namespace braid {

/// A key that no splitting helps: all its tuples go to one slice.
struct hot_key {
  std::uint64_t hash = 0;
  std::string name{};
  std::uint64_t share_permille = 0; ///< of its partition's tuples, at least
  std::uint64_t busy_permille = 0;  ///< of its partition's time

  /// For a log and for people.
  std::string warning(const std::string& operator_name) const;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& hash& name& share_permille& busy_permille;
  }
};

} // namespace braid
