// Finds out which node to ask for which slice of a savepoint.
#pragma once

#include "actors/protocol.hpp"
#include "actors/savepoint_messages.hpp"

#include "scaling/assignment.hpp"

#include "checkpoint/savepoint_file.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// Pure: what nodes hold in, a plan and then a manifest out.
class savepoint_gathering {
public:
  /// `form` has all but the contents, and the operators in the order of their
  /// ids.
  savepoint_gathering(savepoint_manifest form, const assignment& owners);

  /// What a node has pinned.
  void on_held(node_index node, const std::vector<held_slice>& held);

  /// What nobody holds, for the user; empty: nothing is missing.
  std::string missing() const;

  /// What to ask of whom: everything once. Nothing may be missing.
  std::map<node_index, std::vector<operator_slice>> plan() const;

  /// Where a content is in the file.
  void on_saved(const operator_slice& of, const saved_content& content);

  /// Once all contents are saved.
  const savepoint_manifest& manifest() const {
    return manifest_;
  }

  /// For errors: "counts, slice 7".
  std::string name_of(const operator_slice& of) const;

private:
  operator_slice wanted_as(const operator_slice& of) const;

  savepoint_manifest manifest_;
  std::vector<operator_slice> wanted_;
  std::map<operator_slice, node_index> holders_;
  std::map<operator_slice, operator_slice> held_as_;
};

} // namespace braid
