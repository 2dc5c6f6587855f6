// Values that tests of backups share.
#pragma once

#include "actors/backup_messages.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

namespace braid::testing {

inline constexpr run_id backed_run = 7;
inline constexpr partition_place backed_place{3, 1};

inline byte_buffer bytes_of(const std::string& text) {
  byte_buffer result;
  result.append(text.data(), text.size());
  return result;
}

inline std::string text_of(const byte_buffer& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::map<slice_id, std::string>
texts_of(const partition_checkpoint& checkpoint) {
  std::map<slice_id, std::string> result;
  for (auto& [slice, content] : checkpoint.slices)
    result.emplace(slice, text_of(content));
  return result;
}

/// Of the slices of a recovered part, full copies.
inline std::map<slice_id, std::string>
texts_of(const std::map<slice_id, slice_copy>& slices) {
  std::map<slice_id, std::string> result;
  for (auto& [slice, copy] : slices) {
    CHECK(copy.changes.empty());
    result.emplace(slice, text_of(byte_buffer{copy.full.bytes}));
  }
  return result;
}

inline partition_checkpoint
checkpoint_of(epoch_number epoch,
              const std::map<slice_id, std::string>& slices) {
  partition_checkpoint result;
  result.epoch = epoch;
  result.progress = bytes_of("progress " + std::to_string(epoch));
  result.shared = bytes_of("shared " + std::to_string(epoch));
  for (auto& [slice, text] : slices)
    result.slices.emplace(slice, bytes_of(text));
  return result;
}

/// Slices 4 and 9 of the partition, each with a text that names its epoch and
/// its instance.
inline partition_backup backup_of(epoch_number epoch,
                                  incarnation_number incarnation,
                                  bool ended = false) {
  auto text = std::to_string(epoch) + "/" + std::to_string(incarnation);
  partition_backup result{backed_run, backed_place, incarnation, 0, true, {}};
  result.checkpoint =
    checkpoint_of(epoch, {{4, "four " + text}, {9, "nine " + text}});
  result.checkpoint.ended = ended;
  return result;
}

/// Both slices of a source end an epoch at `position`.
inline std::vector<source_cut> cuts_at(std::uint64_t position) {
  return {{4, position, 1'000, false}, {9, position + 1, 1'000, false}};
}

inline source_cuts cuts_of(epoch_number first, epoch_number last,
                           std::uint64_t position,
                           incarnation_number incarnation) {
  return {backed_run, backed_place, incarnation,
          first,      last,         cuts_at(position)};
}

inline lost_partition lost(incarnation_number successor) {
  return {backed_place, {4, 9}, successor};
}

} // namespace braid::testing
