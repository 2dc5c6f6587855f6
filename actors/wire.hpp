// The data plane's messages as frames.
#pragma once

#include "actors/frame.hpp"
#include "actors/protocol.hpp"

#include "operators/topology.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// What a frame of the data plane is.
enum class frame_kind : std::uint16_t { batch = 1, close = 2, credit = 3 };

/// Names one run of a topology in this cluster.
using run_id = std::uint32_t;

/// To which partition of which run a batch goes.
struct batch_address {
  run_id run = 0;
  edge_id edge = 0;
  partition_index from = 0;
  partition_index to = 0;
  generation_number generation = 0;
  epoch_number epoch = 0;
};

/// A close for partitions of one node.
struct addressed_close {
  run_id run = 0;
  close_notice notice;
  std::vector<close_receiver> receivers;
};

struct addressed_credit {
  run_id run = 0;
  credit_notice notice;
};

/// The frame borrows the batch's memory.
outgoing_frame to_frame(const batch_address& address, const batch_ptr& tuples);
outgoing_frame to_frame(const addressed_close& close);
outgoing_frame to_frame(const addressed_credit& credit);

/// Throw `decode_error` if the frame is not what its kind says.
batch_address read_batch_address(const incoming_frame& frame);
addressed_close read_close(const incoming_frame& frame);
addressed_credit read_credit(const incoming_frame& frame);

/// The batch in a frame, of the tuple type that `decode` knows. It may use the
/// frame's memory and keeps it alive.
batch_ptr read_batch(const incoming_frame& frame, batch_decoder decode);

} // namespace braid
