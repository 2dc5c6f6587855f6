// A run that begins from a savepoint: what of it goes where.
#pragma once

#include "actors/content_pieces.hpp"
#include "actors/input_progress.hpp"
#include "actors/protocol.hpp"

#include "scaling/assignment.hpp"

#include "checkpoint/savepoint_file.hpp"

#include "operators/topology.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace braid {

/// What a user says about operators that the topology no longer has.
struct dropped_operators {
  std::vector<std::string> names;
  bool all = false;
};

/// Operators are matched by name. New ones begin empty, and so do those that
/// have ended upstream of them. Everything is as of the end of one epoch.
class savepoint_origin {
public:
  /// Throws `std::runtime_error` if the topology cannot go on from there.
  savepoint_origin(std::shared_ptr<const savepoint_input> file,
                   const topology& graph, const assignment& owners,
                   const dropped_operators& dropped);

  epoch_number epoch() const {
    return file_->manifest().epoch;
  }

  /// Slices of the new run, by its operators' ids; what belongs to no slice is
  /// asked for as `held_backups` names it. An empty content: begins empty.
  /// Throws `file_error`.
  std::vector<content_piece> pieces(const content_request& asked);

private:
  struct operator_state {
    const saved_operator* saved = nullptr; ///< null: it is new
    std::vector<epoch_number> ended;       ///< by slice, or `never`
    byte_buffer progress;
  };

  void match(const topology& graph, const assignment& owners,
             const dropped_operators& dropped);
  void find_ends(const topology& graph, operator_id id);
  bool inputs_have_ended(const topology& graph, operator_id id) const;
  void check_inputs(const topology& graph, operator_id id) const;
  void find_progress(const topology& graph, operator_id id);
  input_progress saved_progress(operator_id id) const;
  event_time saved_time(const saved_operator& source) const;
  std::optional<std::size_t> saved_input(const topology& graph,
                                         const edge_node& edge) const;
  content_piece common(const operator_slice& of) const;
  content_piece piece(const operator_slice& of, std::uint64_t offset,
                      std::uint64_t most);
  std::string at_savepoint() const;

  std::shared_ptr<const savepoint_input> file_;
  assignment owners_;
  std::vector<operator_state> operators_;
  /// What was asked for last of what belongs to no slice.
  std::optional<content_piece> common_;
};

} // namespace braid
