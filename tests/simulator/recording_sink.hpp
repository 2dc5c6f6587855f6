// A sink that keeps what it gets, with the epoch that brought it.
#pragma once

#include "tests/simulator/item.hpp"

#include "operators/sink.hpp"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace braid::simulator {

/// Writes into a recording that outlives the run. Not thread-safe: the
/// simulator has one thread.
class recording_sink {
public:
  explicit recording_sink(std::shared_ptr<recording> target,
                          std::optional<std::uint32_t> slices = std::nullopt)
    : target_(std::move(target)), slices_(slices) {}

  std::optional<std::uint32_t> slices() const {
    return slices_;
  }

  std::unique_ptr<sink_writer<item>> open(const sink_context& context) const {
    return std::make_unique<writer>(target_, (*target_)[context.name]);
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
        (*into_)[slice].push_back(tuple);
      }
      uncommitted_.clear();
    }

    std::uint64_t position(slice_id slice) const override {
      auto found = into_->find(slice);
      return found == into_->end() ? 0 : found->second.size();
    }

    void seek(slice_id slice, std::uint64_t position) override {
      auto found = into_->find(slice);
      if (found == into_->end())
        return;
      found->second.resize(position);
      if (position == 0)
        into_->erase(found);
    }

  private:
    std::shared_ptr<recording> owner_;
    recorded_slices* into_;
    std::vector<std::pair<slice_id, recorded_tuple>> uncommitted_;
  };

  std::shared_ptr<recording> target_;
  std::optional<std::uint32_t> slices_;
};

} // namespace braid::simulator
