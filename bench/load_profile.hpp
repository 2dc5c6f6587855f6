// A source whose rate changes as a benchmark says.
#pragma once

#include "operators/source.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// A rate for some time, and then another; without end after the last.
class load_profile {
public:
  struct stage {
    double seconds = 0;
    double rate = 0; ///< tuples a second
  };

  explicit load_profile(std::vector<stage> stages)
    : stages_(std::move(stages)) {}

  /// "seconds:rate seconds:rate ..."
  static load_profile parse(const std::string& text) {
    std::istringstream in{text};
    std::vector<stage> stages;
    stage next;
    char colon = 0;
    while (in >> next.seconds >> colon >> next.rate)
      stages.push_back(next);
    return load_profile{std::move(stages)};
  }

  std::string text() const {
    std::ostringstream out;
    for (auto& each : stages_)
      out << each.seconds << ':' << each.rate << ' ';
    return out.str();
  }

  /// How many tuples are due `seconds` after the beginning.
  std::uint64_t due_by(double seconds) const {
    double due = 0;
    for (std::size_t i = 0; i < stages_.size(); ++i) {
      auto last = i + 1 == stages_.size();
      auto passed = last ? seconds : std::min(seconds, stages_[i].seconds);
      due += std::max(0.0, passed) * stages_[i].rate;
      seconds -= stages_[i].seconds;
    }
    return static_cast<std::uint64_t>(due);
  }

private:
  std::vector<stage> stages_;
};

/// Numbers, as many as are due.
class profile_reader final : public source_reader<std::uint64_t> {
public:
  explicit profile_reader(load_profile profile)
    : profile_(std::move(profile)) {}

  source_status read(emitter<std::uint64_t>& out,
                     const read_limits& limits) override {
    if (!start_)
      start_ = limits.now;
    looked_at_ = limits.now;
    auto due = limits.until.value_or(due_at(limits.now));
    for (std::uint64_t made = 0; position_ < due && made < limits.tuples;
         ++made)
      out.emit(position_++);
    return position_ < due ? source_status::more : source_status::waiting;
  }

  std::uint64_t position() const override {
    return position_;
  }

  void seek(std::uint64_t position) override {
    position_ = position;
  }

  std::optional<std::uint64_t> waiting(event_time now) const override {
    auto due = due_at(now);
    return due - std::min(due, position_);
  }

  std::optional<event_time> next_at() const override {
    return looked_at_ + 1'000;
  }

private:
  std::uint64_t due_at(event_time now) const {
    if (!start_)
      return 0;
    return profile_.due_by(static_cast<double>(now - *start_) / 1e6);
  }

  load_profile profile_;
  std::uint64_t position_ = 0;
  std::optional<event_time> start_;
  event_time looked_at_ = 0;
};

struct profile_source {
  using value_type = std::uint64_t;

  load_profile profile;

  std::uint32_t splits() const {
    return 1;
  }

  std::unique_ptr<source_reader<std::uint64_t>>
  open(std::uint32_t, const source_context&) const {
    return std::make_unique<profile_reader>(profile);
  }
};

} // namespace braid
