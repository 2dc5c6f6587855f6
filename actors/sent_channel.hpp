// What a partition has sent on one channel, by epochs.
#pragma once

#include "actors/protocol.hpp"

#include "checkpoint/replay_buffer.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace braid {

/// What goes to a partition from its beginning lies in a buffer. What goes to
/// the successor in a hand-over is *borrowed* at first: chosen, tuple by tuple,
/// from what went and goes to its origins. It gets a buffer of its own once the
/// sender routes by the new assignment.
class sent_channel {
public:
  using close_ptr = std::shared_ptr<const close_notice>;
  using buffer = replay_buffer<close_ptr>;
  using origin_list = std::vector<std::shared_ptr<sent_channel>>;

  /// The first epoch to be sent is the one after `closed`.
  sent_channel(epoch_number closed, std::shared_ptr<replay_account> account)
    : own_(std::make_unique<buffer>(closed, std::move(account))) {}

  /// Of `origins`, which must not be empty, what falls into `slices`
  /// downstream. No slices: all that went to the first of them, as they got the
  /// same.
  sent_channel(origin_list origins, std::vector<bool> slices)
    : origins_(std::move(origins)), slices_(std::move(slices)) {}

  bool has_own() const {
    return own_ != nullptr;
  }

  /// What is not borrowed.
  buffer& own() const {
    return *own_;
  }

  /// From the next epoch on, nothing is borrowed.
  void begin_own(std::shared_ptr<replay_account> account) {
    if (own_)
      return;
    own_after_ = closed();
    own_ = std::make_unique<buffer>(own_after_, std::move(account));
  }

  bool is_borrowed(epoch_number epoch) const {
    return !origins_.empty() && (!own_ || epoch <= own_after_);
  }

  /// The newest closed epoch.
  epoch_number closed() const;

  /// All epochs up to this one are gone.
  epoch_number trimmed() const;

  /// A closed epoch, and those behind it that were closed at once, empty.
  struct closed_epochs {
    epoch_number first = 0;
    epoch_number last = 0;
    close_ptr close;
    std::vector<batch_ptr> batches; ///< of `first`
    std::uint32_t tuples = 0;
  };

  /// Nothing if `epoch` is not closed yet. Throws `protocol_error` if it is
  /// trimmed already.
  std::optional<closed_epochs> read(epoch_number epoch) const;

  /// Drops all epochs up to `epoch`, as far as they are closed and not
  /// borrowed: what they are borrowed from is trimmed by itself.
  void trim(epoch_number epoch);

  /// What must not be trimmed, and beyond which epoch.
  using pins = std::map<const sent_channel*, epoch_number>;

  /// Nothing beyond `epoch` of what is borrowed is to be trimmed.
  void pin_origins(epoch_number epoch, pins& all) const;

private:
  closed_epochs read_own(epoch_number epoch) const;
  closed_epochs borrow(closed_epochs from) const;

  std::unique_ptr<buffer> own_;
  epoch_number own_after_ = 0;
  origin_list origins_;
  std::vector<bool> slices_;
};

} // namespace braid
