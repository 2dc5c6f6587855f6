#include "actors/backup_messages.hpp"

#include "checkpoint/checksum.hpp"

#include "operators/archive.hpp"

#include <cstring>
#include <memory>
#include <span>
#include <utility>

namespace braid {

// A body is a prefix, an encoded head with everything small, then contents that
// the head lists. The prefix has the head's checksum, the head has those of the
// contents: so each is checked where it lies, in one piece or not.

namespace {

struct prefix {
  std::uint64_t head_size = 0;
  std::uint64_t head_checksum = 0;
};

struct content {
  std::uint64_t size = 0;
  std::uint64_t sum = 0;
};

struct checkpoint_head {
  epoch_number epoch = 0;
  bool ended = false;
  bool ahead = false;
  content progress;
  content shared;
  epoch_number shared_base = 0;       ///< 0: none
  std::map<slice_id, content> slices; ///< those that have contents
  /// By base. Most slices of a large state did not change, or since one epoch.
  std::map<epoch_number, std::vector<slice_id>> based;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& epoch& ended& ahead& progress& shared& shared_base& slices& based;
  }
};

/// What a recovered part has instead.
struct copies_head {
  epoch_number epoch = 0;
  bool ended = false;
  content progress;
  content shared;
  /// The full copy of each slice, then the changes to it.
  std::map<slice_id, std::vector<content>> slices;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& epoch& ended& progress& shared& slices;
  }
};

template <class Archive>
void serialize_place(Archive& archive, partition_place& place) {
  archive& place.id& place.index;
}

} // namespace

// The heads are the messages themselves, their checkpoints left out.

template <class Archive>
void serialize(Archive& archive, partition_backup& x, unsigned) {
  archive& x.run;
  serialize_place(archive, x.place);
  archive& x.incarnation& x.part& x.has_partition;
}

template <class Archive>
void serialize(Archive& archive, backup_receipt& x, unsigned) {
  archive& x.run;
  serialize_place(archive, x.place);
  archive& x.incarnation& x.epoch& x.part& x.result;
}

template <class Archive>
void serialize(Archive& archive, source_cuts& x, unsigned) {
  archive& x.run;
  serialize_place(archive, x.place);
  archive& x.incarnation& x.first& x.last& x.cuts;
}

template <class Archive>
void serialize(Archive& archive, cuts_receipt& x, unsigned) {
  archive& x.run;
  serialize_place(archive, x.place);
  archive& x.incarnation& x.last& x.fenced;
}

template <class Archive>
void serialize(Archive& archive, recovered_part& x, unsigned) {
  archive& x.run;
  serialize_place(archive, x.place);
  archive& x.incarnation& x.holder& x.final& x.has_partition& x.cuts;
}

namespace {

decode_error damaged(const char* what, const std::string& why) {
  return decode_error{std::string{"a frame with "} + what
                      + " is damaged: " + why};
}

outgoing_frame frame_of(backup_frame_kind kind, const byte_buffer& head,
                        lane on = lane::batches) {
  prefix before{head.size(), checksum(head)};
  std::vector<std::byte> bytes(sizeof(before) + head.size());
  std::memcpy(bytes.data(), &before, sizeof(before));
  std::memcpy(bytes.data() + sizeof(before), head.data(), head.size());
  return outgoing_frame{static_cast<std::uint16_t>(kind), std::move(bytes), on};
}

content content_of(const byte_buffer& bytes) {
  return {bytes.size(), checksum(bytes)};
}

checkpoint_head head_of(const partition_checkpoint& x) {
  checkpoint_head result;
  result.epoch = x.epoch;
  result.ended = x.ended;
  result.ahead = x.ahead;
  result.progress = content_of(x.progress);
  result.shared = content_of(x.shared);
  result.shared_base = x.shared_base.value_or(0);
  for (auto& [slice, bytes] : x.slices)
    if (!bytes.empty() || !x.bases.contains(slice))
      result.slices.emplace(slice, content_of(bytes));
  for (auto& [slice, base] : x.bases)
    result.based[base].push_back(slice);
  return result;
}

outgoing_frame frame_with_checkpoint(partition_backup message) {
  auto owner =
    std::make_shared<const partition_checkpoint>(std::move(message.checkpoint));
  auto head = encoded(message);
  encode(head_of(*owner), head);
  auto result = frame_of(backup_frame_kind::backup, head, lane::state);
  result.append(owner->progress.bytes(), owner);
  result.append(owner->shared.bytes(), owner);
  for (auto& [slice, bytes] : owner->slices)
    result.append(bytes.bytes(), owner);
  return result;
}

copies_head head_of(const recovered_part& x) {
  copies_head result;
  result.epoch = x.checkpoint.epoch;
  result.ended = x.checkpoint.ended;
  result.progress = content_of(x.checkpoint.progress);
  result.shared = content_of(x.checkpoint.shared);
  for (auto& [slice, copy] : x.slices) {
    auto& listed = result.slices[slice];
    listed.push_back({copy.full.bytes.size(), copy.full.sum});
    for (auto& each : copy.changes)
      listed.push_back({each.bytes.size(), each.sum});
  }
  return result;
}

/// Takes a frame apart, checking every piece on the way.
class frame_reader {
public:
  frame_reader(const incoming_frame& frame, const char* what)
    : what_(what), owner_(frame.owner()), rest_(frame.bytes()) {
    prefix before;
    if (rest_.size() < sizeof(before))
      throw damaged(what_, "it ends too early");
    std::memcpy(&before, rest_.data(), sizeof(before));
    rest_ = rest_.subspan(sizeof(before));
    head_ = take(content{before.head_size, before.head_checksum});
  }

  std::span<const std::byte> head() const {
    return head_;
  }

  partition_checkpoint take(const checkpoint_head& listed) {
    partition_checkpoint result;
    result.epoch = listed.epoch;
    result.ended = listed.ended;
    result.ahead = listed.ahead;
    result.progress = byte_buffer{take(listed.progress)};
    result.shared = byte_buffer{take(listed.shared)};
    if (listed.shared_base != 0)
      result.shared_base = listed.shared_base;
    for (auto& [slice, bytes] : listed.slices)
      result.slices.emplace(checked(slice), byte_buffer{take(bytes)});
    for (auto& [base, slices] : listed.based)
      for (auto slice : slices) {
        result.slices[checked(slice)];
        result.bases[slice] = base;
      }
    return result;
  }

  /// Slices stay in the frame.
  void take(const copies_head& listed, recovered_part& into) {
    auto& checkpoint = into.checkpoint;
    checkpoint.epoch = listed.epoch;
    checkpoint.ended = listed.ended;
    checkpoint.progress = byte_buffer{take(listed.progress)};
    checkpoint.shared = byte_buffer{take(listed.shared)};
    for (auto& [slice, contents] : listed.slices) {
      if (contents.empty())
        throw damaged(what_, "a slice has no copy");
      auto& copy = into.slices[checked(slice)];
      copy.full = take_shared(contents.front());
      for (std::size_t i = 1; i < contents.size(); ++i)
        copy.changes.push_back(take_shared(contents[i]));
    }
  }

  void expect_end() const {
    if (!rest_.empty())
      throw damaged(what_, "it is too long");
  }

private:
  slice_id checked(slice_id slice) const {
    if (slice < max_slices)
      return slice;
    throw decode_error{std::string{"a frame with "} + what_ + " names slice "
                       + std::to_string(slice) + ", which no operator has"};
  }

  std::span<const std::byte> take(const content& listed) {
    if (rest_.size() < listed.size)
      throw damaged(what_, "it ends too early");
    auto result = rest_.first(listed.size);
    rest_ = rest_.subspan(listed.size);
    if (checksum(result) != listed.sum)
      throw damaged(what_, "its checksum does not match");
    return result;
  }

  checked_bytes take_shared(const content& listed) {
    return {take(listed), owner_, listed.sum};
  }

  const char* what_;
  std::shared_ptr<const void> owner_;
  std::span<const std::byte> rest_;
  std::span<const std::byte> head_;
};

template <class Message>
Message read_small(const incoming_frame& frame, const char* what) {
  frame_reader reader{frame, what};
  reader.expect_end();
  return decoded<Message>(reader.head());
}

/// What is listed at the end of the head.
template <class Listed, class Message>
Listed read_head(const frame_reader& reader, Message& into) {
  input_archive head{reader.head()};
  Listed result;
  decode(head, into);
  decode(head, result);
  head.expect_end();
  return result;
}

} // namespace

std::string place_name(const partition_place& place) {
  return "operator " + std::to_string(place.id) + ", partition "
         + std::to_string(place.index);
}

outgoing_frame to_frame(partition_backup backup) {
  return frame_with_checkpoint(std::move(backup));
}

outgoing_frame to_frame(const backup_receipt& receipt) {
  return frame_of(backup_frame_kind::backup_receipt, encoded(receipt));
}

outgoing_frame to_frame(const source_cuts& cuts) {
  return frame_of(backup_frame_kind::cuts, encoded(cuts));
}

outgoing_frame to_frame(const cuts_receipt& receipt) {
  return frame_of(backup_frame_kind::cuts_receipt, encoded(receipt));
}

outgoing_frame to_frame(recovered_part part) {
  auto head = encoded(part);
  encode(head_of(part), head);
  auto result = frame_of(backup_frame_kind::recovered_part, head, lane::state);
  auto owner =
    std::make_shared<const partition_checkpoint>(std::move(part.checkpoint));
  result.append(owner->progress.bytes(), owner);
  result.append(owner->shared.bytes(), owner);
  for (auto& [slice, copy] : part.slices) {
    result.append(copy.full.bytes, copy.full.owner);
    for (auto& each : copy.changes)
      result.append(each.bytes, each.owner);
  }
  return result;
}

partition_backup read_partition_backup(const incoming_frame& frame) {
  frame_reader reader{frame, "a backup"};
  partition_backup result;
  auto listed = read_head<checkpoint_head>(reader, result);
  result.checkpoint = reader.take(listed);
  for (auto& [slice, content] : listed.slices)
    result.sums.emplace(slice, content.sum);
  reader.expect_end();
  return result;
}

backup_receipt read_backup_receipt(const incoming_frame& frame) {
  auto result = read_small<backup_receipt>(frame, "a backup's receipt");
  if (result.result < put_result::stored
      || result.result > put_result::over_limit)
    throw decode_error{"a backup's receipt has an unknown result"};
  return result;
}

source_cuts read_source_cuts(const incoming_frame& frame) {
  return read_small<source_cuts>(frame, "cuts");
}

cuts_receipt read_cuts_receipt(const incoming_frame& frame) {
  return read_small<cuts_receipt>(frame, "a receipt for cuts");
}

recovered_part read_recovered_head(const incoming_frame& frame) {
  frame_reader reader{frame, "a recovered part"};
  recovered_part result;
  read_head<copies_head>(reader, result);
  return result;
}

recovered_part read_recovered_part(const incoming_frame& frame) {
  frame_reader reader{frame, "a recovered part"};
  recovered_part result;
  auto listed = read_head<copies_head>(reader, result);
  reader.take(listed, result);
  reader.expect_end();
  return result;
}

} // namespace braid
