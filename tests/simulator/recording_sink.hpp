// A sink that keeps what it gets, with the epoch that brought it.
#pragma once

#include "tests/simulator/item.hpp"

#include "operators/sink.hpp"

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace braid::simulator {

/// Writes into a recording that outlives the run, like the world outside: what
/// was written there can be written again, to the tuple, but not be taken back.
/// Not thread-safe: the simulator has one thread.
class recording_sink {
public:
  explicit recording_sink(std::shared_ptr<recording> target,
                          std::optional<std::uint32_t> slices = std::nullopt)
    : target_(std::move(target)), slices_(slices) {}

  std::optional<std::uint32_t> slices() const {
    return slices_;
  }

  std::unique_ptr<sink_writer<item>> open(const sink_context& context) const {
    auto& into = (*target_)[context.name];
    for (auto slice : context.slices.ids())
      if (into.contains(slice) && !context.resumed)
        throw std::logic_error{"slice " + std::to_string(slice) + " of sink '"
                               + context.name + "' is written already"};
    return std::make_unique<writer>(target_, into);
  }

private:
  class writer final : public sink_writer<item> {
  public:
    writer(std::shared_ptr<recording> owner, recorded_slices& into)
      : owner_(std::move(owner)), into_(&into) {}

    void write(slice_id slice,
               std::span<const tuple_view<item>> tuples) override {
      for (auto& tuple : tuples)
        uncommitted_.emplace_back(slice,
                                  recorded_tuple{0, tuple.time, *tuple.value});
    }

    void commit(const epoch_info& epoch) override {
      for (auto& [slice, tuple] : uncommitted_) {
        tuple.epoch = epoch.number;
        auto& written = (*into_)[slice];
        auto& at = positions_[slice];
        if (at == written.size())
          written.push_back(tuple);
        else if (written[at] != tuple)
          throw std::logic_error{"a sink writes in epoch "
                                 + std::to_string(epoch.number)
                                 + " what it wrote otherwise before"};
        ++at;
      }
      uncommitted_.clear();
    }

    std::uint64_t position(slice_id slice) const override {
      auto found = positions_.find(slice);
      return found == positions_.end() ? 0 : found->second;
    }

    void seek(slice_id slice, std::uint64_t position) override {
      positions_[slice] = position;
    }

  private:
    std::shared_ptr<recording> owner_;
    recorded_slices* into_;
    std::map<slice_id, std::uint64_t> positions_;
    std::vector<std::pair<slice_id, recorded_tuple>> uncommitted_;
  };

  std::shared_ptr<recording> target_;
  std::optional<std::uint32_t> slices_;
};

} // namespace braid::simulator
