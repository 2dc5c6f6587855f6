// Dividing slices, or whatever else carries load, into groups of even load: the
// primitive `partition` of the four (checkpoint, backup, restore, partition).
// Who holds copies divides them so, without asking the busy or dead partition.
#pragma once

#include "operators/slice.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace braid {

/// What a group carries.
struct group_load {
  std::uint64_t load = 0;
  std::uint64_t members = 0;
};

/// For each of `loads` the group, an index into `groups`, which have something
/// to carry already. There must be a group.
///
/// Takes the loads by size, the largest first, and gives each to the group that
/// carries least, of those to the one with the fewest members, of those to the
/// first. If groups begin empty, the largest becomes no more than 4/3 of the
/// least that is possible (Graham 1969), however many loads and groups there
/// are, and none stays empty while another has two members. The same in, the
/// same out.
std::vector<std::uint32_t> spread_evenly(std::span<const std::uint64_t> loads,
                                         std::vector<group_load> groups);

/// What slices have been measured to cost, in whatever unit.
using slice_loads = std::map<slice_id, std::uint64_t>;

/// The slices in at most `groups` groups of even load, none of them empty; each
/// ascends. Slices are independent of each other, so a group need not be a
/// range of them: a hot one gets company only if there is no other way. Throws
/// `std::invalid_argument` if `groups` is 0.
std::vector<std::vector<slice_id>> partition_slices(const slice_loads& loads,
                                                    std::uint32_t groups);

} // namespace braid
