#include "tests/simulator/naive_windows.hpp"

#include <algorithm>
#include <array>

namespace braid::simulator {

namespace {

struct stretch {
  event_time end = 0;
  event_time begin = 0;

  auto operator<=>(const stretch&) const = default;
};

/// What windows and joins have in common.
class naive_windowed : public naive_node {
public:
  using naive_node::naive_node;

protected:
  event_time size() const {
    return static_cast<event_time>(description().parameter);
  }

  /// All windows of the node's size and slide that contain `time`.
  std::vector<stretch> windows_with(event_time time) const {
    std::vector<stretch> result;
    auto slide = description().slide;
    auto begin = time - size() - slide;
    begin -= (begin % slide + slide) % slide;
    for (; begin <= time; begin += slide)
      if (time < begin + size())
        result.push_back({begin + size(), begin});
    return result;
  }

  bool is_gone(const stretch& window) const {
    return window.end - 1 + description().lateness <= epoch().watermark_before;
  }

  bool had_fired(const stretch& window) const {
    return window.end - 1 <= epoch().watermark_before;
  }

  bool is_due(const stretch& window) const {
    return !had_fired(window) && window.end - 1 <= epoch().watermark;
  }

  void emit_window(const stretch& window, std::uint64_t key,
                   std::uint64_t value) {
    emit(user::of_window(key, window.begin, window.end, value), window.end - 1);
  }
};

class naive_window final : public naive_windowed {
public:
  using naive_windowed::naive_windowed;

private:
  /// By window, then key.
  using place = std::pair<stretch, std::uint64_t>;

  void on(std::size_t, const naive_tuple& x) override {
    auto late = true;
    for (auto& window : windows_with(x.time)) {
      if (is_gone(window))
        continue;
      late = false;
      add({window, x.tuple.key}, x.tuple.value);
      if (had_fired(window))
        changed_.insert({window, x.tuple.key});
    }
    if (late)
      emit_aside(x.tuple, x.time);
  }

  void add(const place& at, std::uint64_t value) {
    auto sums = description().kind == node_kind::merged_window;
    auto& known = values_[slice()].try_emplace(at, sums ? 0 : 1).first->second;
    known = sums ? known + value : user::mixed(known, value);
  }

  void end_slice() override {
    for (auto& at : changed_)
      emit_window(at.first, at.second, values_[slice()].at(at));
    changed_.clear();
    for (auto& [at, value] : values_[slice()])
      if (is_due(at.first))
        emit_window(at.first, at.second, value);
  }

  std::map<slice_id, std::map<place, std::uint64_t>> values_;
  std::set<place> changed_; ///< of the slice at hand
};

class naive_sessions final : public naive_windowed {
public:
  using naive_windowed::naive_windowed;

private:
  struct one_session {
    stretch window;
    std::uint64_t value = 1;
    bool changed = false;
  };

  void on(std::size_t, const naive_tuple& x) override {
    one_session own{{x.time + size(), x.time}};
    auto& sessions = sessions_[slice()][x.tuple.key];
    std::vector<one_session> touched;
    std::vector<one_session> others;
    for (auto& one : sessions)
      (one.window.begin < own.window.end && own.window.begin < one.window.end
         ? touched
         : others)
        .push_back(one);
    if (touched.empty() && is_gone(own.window))
      return emit_aside(x.tuple, x.time);
    std::sort(touched.begin(), touched.end(),
              [](auto& a, auto& b) { return a.window < b.window; });
    for (std::size_t i = 0; i < touched.size(); ++i) {
      own.value =
        i == 0 ? touched[i].value : user::mixed(own.value, touched[i].value);
      own.window.begin = std::min(own.window.begin, touched[i].window.begin);
      own.window.end = std::max(own.window.end, touched[i].window.end);
    }
    own.value = user::mixed(own.value, x.tuple.value);
    own.changed = true;
    others.push_back(own);
    sessions = others;
  }

  void end_slice() override {
    std::map<std::pair<stretch, std::uint64_t>, std::uint64_t> due;
    for (auto& [key, sessions] : sessions_[slice()]) {
      for (auto& one : sessions) {
        auto again = one.changed && had_fired(one.window);
        if (is_due(one.window) || again)
          due[{one.window, key}] = one.value;
        one.changed = false;
      }
      std::erase_if(sessions, [this](auto& one) {
        return one.window.end - 1 + description().lateness <= epoch().watermark;
      });
    }
    for (auto& [at, value] : due)
      emit_window(at.first, at.second, value);
  }

  std::map<slice_id, std::map<std::uint64_t, std::vector<one_session>>>
    sessions_;
};

class naive_window_join final : public naive_windowed {
public:
  using naive_windowed::naive_windowed;

private:
  using both_sides = std::array<std::vector<item>, 2>;

  void on(std::size_t port, const naive_tuple& x) override {
    auto late = true;
    for (auto& window : windows_with(x.time))
      if (!had_fired(window)) {
        late = false;
        tuples_[slice()][{window, x.tuple.key}][port].push_back(x.tuple);
      }
    if (late && port == 0)
      emit_aside(x.tuple, x.time);
  }

  void end_slice() override {
    for (auto& [at, sides] : tuples_[slice()])
      if (is_due(at.first))
        for (auto& left : sides[0])
          for (auto& right : sides[1])
            emit(user::joined(left, right), at.first.end - 1);
  }

  std::map<slice_id, std::map<std::pair<stretch, std::uint64_t>, both_sides>>
    tuples_;
};

class naive_interval_join final : public naive_windowed {
public:
  using naive_windowed::naive_windowed;

private:
  void on(std::size_t port, const naive_tuple& x) override {
    if (x.time < epoch().watermark_before) {
      if (port == 0)
        emit_aside(x.tuple, x.time);
      return;
    }
    auto& sides = tuples_[slice()][x.tuple.key];
    auto partners = sides[1 - port];
    std::stable_sort(partners.begin(), partners.end(),
                     [](auto& a, auto& b) { return a.time < b.time; });
    for (auto& other : partners) {
      auto& left = port == 0 ? x : other;
      auto& right = port == 0 ? other : x;
      auto distance = right.time - left.time;
      if (-description().slide <= distance && distance <= size())
        emit(user::joined(left.tuple, right.tuple),
             std::max(left.time, right.time));
    }
    sides[port].push_back(x);
  }

  std::map<slice_id,
           std::map<std::uint64_t, std::array<std::vector<naive_tuple>, 2>>>
    tuples_;
};

} // namespace

std::unique_ptr<naive_node> make_naive_window(const node_description& node,
                                              const std::string& topology) {
  switch (node.kind) {
    case node_kind::window:
    case node_kind::merged_window:
      return std::make_unique<naive_window>(node, topology);
    case node_kind::sessions:
      return std::make_unique<naive_sessions>(node, topology);
    case node_kind::window_join:
      return std::make_unique<naive_window_join>(node, topology);
    case node_kind::interval_join:
      return std::make_unique<naive_interval_join>(node, topology);
    default:
      return nullptr;
  }
}

} // namespace braid::simulator
