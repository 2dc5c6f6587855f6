// Writes to sinks as a partition would, without an engine.
#pragma once

#include "operators/sink.hpp"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace braid {

/// The context of a sink on one partition that hosts these of `total` slices.
inline sink_context hosting(const std::vector<slice_id>& hosted,
                            std::uint32_t total, bool resumed = false) {
  slice_table table(total, 1);
  for (auto slice : hosted)
    table[slice] = 0;
  return {"topology", "result", 0, hosted_slices{table, 0}, resumed};
}

/// A context with all of `total` slices.
inline sink_context hosting_all(std::uint32_t total, bool resumed = false) {
  return {"topology", "result", 0, hosted_slices{slice_table(total, 0), 0},
          resumed};
}

/// One partition of a sink for tuples of type `T`.
template <class T>
class sink_fixture {
public:
  template <class Sink>
  explicit sink_fixture(const Sink& sink,
                        const sink_context& context = hosting_all(1))
    : writer_(open_sink<T>(sink, context)) {}

  /// Tuple `i` of these has the event time 100 + i.
  void write(slice_id slice, const std::vector<T>& tuples) {
    std::vector<tuple_view<T>> views;
    for (std::size_t i = 0; i < tuples.size(); ++i)
      views.push_back({&tuples[i], static_cast<event_time>(100 + i), 0});
    writer_->write(slice, views);
  }

  void commit(epoch_number number = 1) {
    epoch_info epoch;
    epoch.number = number;
    writer_->commit(epoch);
  }

  void finish() {
    writer_->finish();
  }

  sink_writer<T>& writer() {
    return *writer_;
  }

private:
  std::unique_ptr<sink_writer<T>> writer_;
};

} // namespace braid
