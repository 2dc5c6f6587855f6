// What is said about savepoints, as plain values.
#pragma once

#include "actors/content_pieces.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace braid {

/// Where the savepoints of the runs that a node supervises go.
struct savepoint_settings {
  std::string directory = "savepoints";
  std::uint64_t interval_us = 0; ///< between periodic ones; 0: none
  std::uint64_t keep = 3;        ///< periodic ones of each run
};

/// A user, or the clock, wants a savepoint of a run.
struct savepoint_order {
  std::string run;
  std::string name;           ///< empty: one is made up
  std::uint64_t limit_us = 0; ///< then it is given up
  bool periodic = false;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& run& name& limit_us& periodic;
  }
};

enum class savepoint_stage : std::uint8_t {
  waiting,   ///< for the epoch, until all slices are backed up
  gathering, ///< copies are on their way to the file
  written,
  failed,
  damaged, ///< the file is not what it was
};

std::string to_string(savepoint_stage x);

/// An operator in a savepoint.
struct saved_operator_report {
  std::string name;
  std::string kind;
  std::uint32_t slices = 0;
  std::uint64_t bytes = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& kind& slices& bytes;
  }
};

/// One savepoint, on the disk or under way.
struct savepoint_report {
  std::string name;
  std::string topology;
  std::string run;
  std::string path; ///< on the supervising node
  savepoint_stage stage = savepoint_stage::waiting;
  std::string reason; ///< why it failed
  epoch_number epoch = 0;
  std::uint64_t bytes = 0;   ///< of the file, so far
  std::int64_t taken_at = 0; ///< microseconds since 1970
  bool periodic = false;
  std::vector<saved_operator_report> operators;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& topology& run& path& stage& reason& epoch& bytes& taken_at&
      periodic& operators;
  }
};

/// Only so many of the periodic savepoints of a run are to stay.
struct savepoint_pruning {
  std::string run;
  std::uint64_t keep = 0;
};

/// A copy that a node holds.
struct held_slice {
  operator_slice of;
  epoch_number epoch = 0;
  bool ended = false;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& of& epoch& ended;
  }
};

/// The copies of a run are not needed for a savepoint any more.
struct copies_release {
  run_id run = 0;
  bool forget = false; ///< they were made for the savepoint alone

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& run& forget;
  }
};

} // namespace braid
