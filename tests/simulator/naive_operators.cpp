// What each kind of node does, told once more without the engine.
#include "tests/simulator/naive_node.hpp"
#include "tests/simulator/naive_windows.hpp"

namespace braid::simulator {

namespace {

std::uint64_t bits(event_time time) {
  return static_cast<std::uint64_t>(time);
}

class naive_chain final : public naive_node {
public:
  using naive_node::naive_node;

private:
  void on(std::size_t, const naive_tuple& x) override {
    auto& chain = state().number;
    for (auto seen : {x.tuple.value, bits(x.time), bits(epoch().now),
                      bits(epoch().watermark_before), random()})
      chain = user::mixed(chain, seen);
    emit({x.tuple.key, chain, x.tuple.stamp}, x.time);
  }
};

/// The running aggregates differ in how they start and what a tuple adds.
class naive_aggregate : public naive_node {
public:
  using naive_node::naive_node;

private:
  virtual void add(const item& x, bool first) = 0;

  void on(std::size_t, const naive_tuple& x) override {
    auto first = !states_of_slice().contains(key_of(x.tuple));
    add(x.tuple, first);
    state().touched = true;
    state().last_touched_at = x.time;
    if (description().when == emit::each_update)
      naive_node::emit({x.tuple.key, state().number, 0}, x.time);
  }

  void end_slice() override {
    for (auto& [key, state] : states_of_slice()) {
      if (description().when == emit::each_epoch && state.touched)
        naive_node::emit({key.number, state.number, 0}, state.last_touched_at);
      if (description().when == emit::at_end && epoch().last)
        naive_node::emit({key.number, state.number, 0}, epoch().now);
      state.touched = false;
    }
  }

  using emit = braid::emit;
};

class naive_fold final : public naive_aggregate {
public:
  using naive_aggregate::naive_aggregate;

private:
  void add(const item& x, bool first) override {
    state().number = user::mixed(first ? 1 : state().number, x.value);
  }
};

class naive_count final : public naive_aggregate {
public:
  using naive_aggregate::naive_aggregate;

private:
  void add(const item&, bool) override {
    ++state().number;
  }
};

class naive_alarm : public naive_node {
public:
  using naive_node::naive_node;

private:
  event_time delay() const {
    return static_cast<event_time>(description().parameter);
  }

  void on(std::size_t, const naive_tuple& x) override {
    state().number = user::mixed(state().number, x.tuple.value);
    set_timer(x.time + delay());
    if (x.tuple.value % 5 == 0)
      cancel_timer(x.time + delay());
    if (x.tuple.value % 7 == 0)
      set_timer(end_of_time);
  }

  void on_timer(event_time at) override {
    auto seen = state().number = user::mixed(state().number, bits(at));
    auto time = at == end_of_time ? epoch().now : at;
    emit({seen % 16, seen, time}, time);
    if (seen % 3 == 0 && at != end_of_time)
      set_timer(at + delay());
  }
};

class naive_text_alarm final : public naive_alarm {
public:
  using naive_alarm::naive_alarm;

private:
  naive_key key_of(const item& x) const override {
    return {0, "key " + std::to_string(x.key)};
  }
};

class naive_join final : public naive_node {
public:
  using naive_node::naive_node;

private:
  void on(std::size_t port, const naive_tuple& x) override {
    auto& [key, value, stamp] = x.tuple;
    auto& latest = state().list;
    if (port == 0) {
      if (latest.size() == 3)
        latest.clear();
      latest.push_back(value);
      emit({key, user::mixed(value, state().other), stamp}, x.time);
      return;
    }
    state().other = value;
    for (auto earlier : latest)
      emit({key, user::mixed(earlier, value), x.time}, x.time);
  }
};

class naive_rules final : public naive_node {
public:
  using naive_node::naive_node;

private:
  bool broadcast(std::size_t port) const override {
    return port == 1;
  }

  void on_broadcast(const item& x) override {
    rule_ = user::mixed(rule_, x.value);
  }

  void on(std::size_t, const naive_tuple& x) override {
    auto& used = state().map[x.tuple.value % 4];
    used = user::mixed(used, rule_);
    emit({x.tuple.key, user::mixed(x.tuple.value, used), x.tuple.stamp},
         x.time);
  }

  std::uint64_t rule_ = 0;
};

class naive_split final : public naive_node {
public:
  using naive_node::naive_node;

private:
  bool keyed() const override {
    return false;
  }

  void on(std::size_t, const naive_tuple& x) override {
    auto seen = state().number = user::mixed(state().number, x.tuple.value);
    if (seen % 3 != 0)
      emit({x.tuple.key, seen, x.tuple.stamp}, x.time);
    if (seen % 2 != 0)
      emit_aside({seen % 8, seen, x.tuple.stamp}, x.time);
    if (seen % 4 == 0)
      set_timer(x.time + static_cast<event_time>(description().parameter));
  }

  void on_timer(event_time at) override {
    auto seen = state().number;
    emit_aside({seen % 8, user::mixed(seen, random()), at}, at);
  }
};

class naive_pair final : public naive_node {
public:
  using naive_node::naive_node;

private:
  bool keyed() const override {
    return false;
  }

  void on(std::size_t port, const naive_tuple& x) override {
    auto& seen = state().number;
    seen = user::mixed(seen + port, x.tuple.value);
    emit({port == 0 ? x.tuple.key : seen % 8, seen, x.tuple.stamp}, x.time);
  }
};

class naive_sink final : public naive_node {
public:
  naive_sink(const node_description& node, std::string topology,
             recorded_slices& into)
    : naive_node(node, std::move(topology)), into_(&into) {}

private:
  bool keyed() const override {
    return false;
  }

  void on(std::size_t, const naive_tuple& x) override {
    (*into_)[slice()].push_back({epoch().number, x.time, x.tuple});
  }

  recorded_slices* into_;
};

} // namespace

std::unique_ptr<naive_node> make_naive_node(const node_description& node,
                                            const std::string& topology,
                                            recording& into) {
  switch (node.kind) {
    case node_kind::chain:
      return std::make_unique<naive_chain>(node, topology);
    case node_kind::fold:
      return std::make_unique<naive_fold>(node, topology);
    case node_kind::count:
      return std::make_unique<naive_count>(node, topology);
    case node_kind::alarm:
      return std::make_unique<naive_alarm>(node, topology);
    case node_kind::text_alarm:
      return std::make_unique<naive_text_alarm>(node, topology);
    case node_kind::join:
      return std::make_unique<naive_join>(node, topology);
    case node_kind::rules:
      return std::make_unique<naive_rules>(node, topology);
    case node_kind::split:
      return std::make_unique<naive_split>(node, topology);
    case node_kind::pair:
      return std::make_unique<naive_pair>(node, topology);
    case node_kind::sink:
      return std::make_unique<naive_sink>(node, topology, into[node.name]);
    default:
      return make_naive_window(node, topology);
  }
}

} // namespace braid::simulator
