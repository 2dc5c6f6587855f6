// Why an instance of a partition ended before its stream did.
#pragma once

#include "actors/protocol.hpp"

#include "operators/dead_letter.hpp"

#include <optional>
#include <string>
#include <vector>

namespace braid {

/// What came of a partition's code, or of the engine.
struct partition_failure {
  std::string reason; ///< empty: it has not failed
  /// The user's code or what it uses failed: another attempt may go well.
  bool may_recover = false;
  epoch_number epoch = 0; ///< that was not finished
  /// The call that it came of, or where to look for it, if it came of one.
  std::optional<input_position> tuple;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& reason& may_recover& epoch& tuple;
  }
};

/// A call that an operator is to pass over whenever it comes to it, or a place
/// where it is to find out more.
struct skipped_tuple {
  operator_id by = 0;
  input_position at;
  std::string error;

  bool operator==(const skipped_tuple&) const = default;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& by& at& error;
  }
};

/// Those of one operator.
skipped_tuples skipped_by(operator_id id,
                          const std::vector<skipped_tuple>& all);

} // namespace braid
