// What partitions send each other, made and kept by tests.
#pragma once

#include "actors/protocol.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace braid {

/// The tuples that one upstream slice emitted.
struct slice_tuples {
  slice_id slice = 0;
  std::vector<std::uint64_t> values;
};

/// A batch without routes, as forward edges have it.
inline batch_ptr batch_of(const std::vector<slice_tuples>& slices) {
  batch_builder<std::uint64_t> builder;
  for (auto& [slice, values] : slices) {
    builder.begin_run(slice);
    for (auto value : values)
      builder.append(value, 0);
  }
  return builder.take();
}

/// Keeps what a partition sends.
class kept_messages final : public outbox {
public:
  struct batch_sent {
    edge_id edge = 0;
    partition_index to = 0;
    epoch_number epoch = 0;
    batch_ptr tuples;
  };

  struct close_sent {
    close_notice notice;
    std::vector<std::uint32_t> tuples; ///< by receiver
    std::vector<close_receiver> receivers;
  };

  void send_batch(const batch_target& to, batch_ptr tuples) override {
    batches.push_back({to.edge, to.to, to.epoch, std::move(tuples)});
  }

  void send_close(const close_notice& notice,
                  std::span<const close_receiver> receivers) override {
    std::vector<std::uint32_t> tuples;
    for (auto& receiver : receivers)
      tuples.push_back(receiver.tuples);
    closes.push_back(
      {notice, std::move(tuples), {receivers.begin(), receivers.end()}});
  }

  void send_credit(const credit_notice& notice) override {
    credits.push_back(notice);
  }

  void ask_for_checkpoint(epoch_number epoch) override {
    wishes.push_back(epoch);
  }

  void send_checkpoint(partition_checkpoint&& checkpoint) override {
    checkpoints.push_back(std::move(checkpoint));
  }

  lost_copies take_lost_copies() override {
    return std::exchange(lost, {});
  }

  void leave_out_checkpoint(epoch_number epoch) override {
    left_out.push_back(epoch);
  }

  void clear() {
    batches.clear();
    closes.clear();
    credits.clear();
  }

  std::vector<batch_sent> batches;
  std::vector<close_sent> closes;
  std::vector<credit_notice> credits;
  std::vector<epoch_number> wishes; ///< for checkpoints
  std::vector<partition_checkpoint> checkpoints;
  std::vector<epoch_number> left_out;
  lost_copies lost; ///< to be told
};

} // namespace braid
